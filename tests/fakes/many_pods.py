"""A cluster of many pods, each with a load of its own that waits to be told to go."""

from kubectl_stress.agent.commands import GO
from tests.builders.pods import pod
from tests.fakes.cluster import FakeCluster
from tests.fakes.stream import FakeStream, ReadyStream, is_go


class ManyPods(FakeCluster):
    """Pods `web-0` and on, two a node where `per_node` says so; `streams` are their loads."""

    def __init__(self, *loads: bytes, per_node: int = 1_000) -> None:
        names = [f"web-{number}" for number in range(len(loads))]
        super().__init__(
            *(
                pod(name)
                .container("app", limit="128Mi")
                .with_spec(nodeName=f"node-{number // per_node}")
                .dict
                for number, name in enumerate(names)
            )
        )
        self.streams: dict[str, FakeStream] = {
            name: ReadyStream(load) for name, load in zip(names, loads, strict=True)
        }

    def load_of(self, pod_name: str) -> FakeStream:
        return self.streams[pod_name]

    @property
    def runs(self) -> list[list[str]]:
        """The execs that started a load."""
        return [words for _container, words in self.execs if "run" in words]

    def sent_to(self, pod_name: str) -> list[bytes]:
        """What its load was told, without heartbeats and questions; GO, whenever that was to be."""
        sent = [data for data in self.streams[pod_name].sent if data[:1] not in b".#"]
        return [GO if is_go(data) else data for data in sent]
