"""What a run of the pod `web` tells, as its listeners hear it."""

from kubectl_stress.agent.samples import Process
from kubectl_stress.injection.probe import Reading
from kubectl_stress.live.listeners import Listener
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.session.event_loop import EventLoop
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.progress import Progress, Started, What
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target
from tests.builders.pods import MIB, hello, plan, pod, sample
from tests.fakes.time import FakeTime

PROCESS = Process(1, "app", "target", 5 * MIB, 998, 130 * MIB)
STATUS = ContainerStatus.from_pod(pod().container("app", limit="128Mi").dict, "app")
STARTED = Started(plan(), Reading(hello(), sample(10), (PROCESS,)), STATUS)


class Telling:
    """Tells the steps of one target, with its state as the engine keeps it."""

    def __init__(self, listener: Listener, name: str = "web", *, number: int = 0) -> None:
        built = pod(name).container("app", limit="128Mi", request="64Mi").dict
        status = ContainerStatus.from_pod(built, "app")
        self.state = TargetState(Target.from_pod(built), status, number=number)
        self._intake = Intake(EventLoop(FakeTime().clock), 0, self.state, listener)

    def __call__(self, what: What) -> None:
        self._intake.tell(what)


def silent(progress: Progress) -> None:
    """Hears nothing."""
