"""The target's own image brings the agent: its scripts really run, in the interpreters of this
machine."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kubectl_stress.agent.image import TARGET_IMAGE
from kubectl_stress.clock import Clock
from kubectl_stress.errors import InjectionError, StressError
from kubectl_stress.injection import copy_agent as copying
from kubectl_stress.injection.copy_agent import bring_in_target_image
from kubectl_stress.kube.exec.stream import ExecStream
from kubectl_stress.plan import interpreter as interpreting
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.plan.interpreter import SH, Interpreter
from kubectl_stress.targets.target import Target
from tests.builders.pods import pod
from tests.fakes.cluster import FakeCluster
from tests.fakes.local_container import LocalContainer
from tests.fakes.process import ProcessStream
from tests.fakes.stream import FakeStream
from tests.fakes.time import FakeTime

# It stands for the agent: what it became is in a file beside it.
AGENT = b"""#!/bin/sh
[ "$1" = version ] && exit 0
echo "$$ $*" > "${0%/*}/became"
exec /bin/sleep 30
"""
HOLDER = HolderSpec(TARGET_IMAGE)
PYTHON = Interpreter("python", ("python3", "-c"))
PERL = Interpreter("perl", ("perl", "-e"))
BASH = Interpreter("sh", ("bash", "-c"))
CLOCK = Clock(lambda: time.monotonic_ns() // 1_000_000, time.sleep)
ON_PROC = "/proc"  # nobody can make a folder there, not even root


@pytest.fixture(autouse=True)
def agent(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Has other bytes carried as the agent of both architectures."""

    def carry(content: bytes) -> None:
        carried = {"amd64": content, "arm64": content}
        monkeypatch.setattr(copying, "carried_agents", lambda: carried)

    carry(AGENT)
    return carry


def only(monkeypatch: pytest.MonkeyPatch, *interpreters: Interpreter) -> None:
    monkeypatch.setattr(copying, "interpreters", lambda _target: interpreters)


def bring(cluster: FakeCluster, holder: HolderSpec = HOLDER) -> tuple[str, str]:
    target = Target.from_pod(cluster.pods["web"])
    return bring_in_target_image(cluster, target, holder, clock=CLOCK, tell=lambda _text: None)


def web() -> dict[str, object]:
    return pod().container("app", limit="128Mi").dict


@pytest.mark.parametrize("interpreter", [SH, BASH, PYTHON, PERL], ids=lambda each: each.words[0])
def test_the_waiting_script_becomes_the_agent_that_was_received(
    interpreter: Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, interpreter)
    with LocalContainer(web(), tmp_path) as cluster:
        name, path = bring(cluster)

        process = cluster.processes[name]
        assert process is not None
        became = Path(path).with_name("became")
        while not became.exists():
            time.sleep(0.01)
        words = f"{process.pid} hold --protocol 2 --linger-ms 600000\n"
        assert became.read_text() == words
    assert path == f"{tmp_path}/kubectl-stress/agent"
    assert Path(path).read_bytes() == AGENT
    left = {file.name for file in Path(path).parent.iterdir()} - {"try"}
    assert left == {"agent", "became"}


@pytest.mark.parametrize("interpreter", [SH, PYTHON, PERL], ids=lambda each: each.words[0])
def test_a_later_run_reuses_it_and_sends_nothing_again(
    interpreter: Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, interpreter)
    with LocalContainer(web(), tmp_path) as cluster:
        first = bring(cluster)
        written = Path(first[1]).stat().st_mtime_ns

        assert bring(cluster) == first
        assert len(cluster.added) == 1
        assert Path(first[1]).stat().st_mtime_ns == written


@pytest.mark.parametrize("interpreter", [SH, PYTHON, PERL], ids=lambda each: each.words[0])
def test_another_agent_takes_the_place_of_the_one_that_is_there(
    interpreter: Interpreter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    agent: Callable[[bytes], None],
) -> None:
    only(monkeypatch, interpreter)
    with LocalContainer(web(), tmp_path) as cluster:
        _, path = bring(cluster)
        agent(AGENT + b"# newer\n")

        assert bring(cluster)[1] == path
        assert Path(path).read_bytes().endswith(b"# newer\n")


@pytest.mark.parametrize("interpreter", [SH, PYTHON, PERL], ids=lambda each: each.words[0])
def test_a_container_that_still_waits_is_used_by_the_next_run(
    interpreter: Interpreter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    agent: Callable[[bytes], None],
) -> None:
    """As after a client that was killed between adding the container and sending the agent."""
    only(monkeypatch, interpreter)
    with LocalContainer(web(), tmp_path) as cluster:
        agent(b"#!/bin/sh\nexit 1\n")
        with pytest.raises(InjectionError, match="it does not run there"):
            bring(cluster)
        agent(AGENT)

        bring(cluster)

        assert len(cluster.added) == 1


@pytest.mark.parametrize("interpreter", [SH, PYTHON, PERL], ids=lambda each: each.words[0])
def test_half_an_agent_is_not_run_and_costs_the_next_run_nothing(
    interpreter: Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a client that was killed while it sent."""
    only(monkeypatch, interpreter)
    with LocalContainer(web(), tmp_path) as cluster:
        monkeypatch.setattr(copying, "_give", _send_half_and_die)
        with pytest.raises(InjectionError, match="could not be copied"):
            bring(cluster)
        monkeypatch.undo()
        monkeypatch.setattr(copying, "carried_agents", lambda: {"amd64": AGENT, "arm64": AGENT})
        only(monkeypatch, interpreter)

        _, path = bring(cluster)

        assert Path(path).read_bytes() == AGENT
        assert len(cluster.added) == 1
        assert not list(Path(path).parent.glob("agent.*"))


def _send_half_and_die(stream: ExecStream, agent: bytes, _digest_there: str) -> None:
    stream.send(f"{len(agent)} {'0' * 64}\n".encode())
    stream.send(agent[: len(agent) // 2])
    assert isinstance(stream, ProcessStream)
    stream.lose_stdin()


@pytest.mark.parametrize("interpreter", [SH, PYTHON, PERL], ids=lambda each: each.words[0])
def test_an_agent_that_arrives_damaged_is_not_run(
    interpreter: Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, interpreter)
    monkeypatch.setattr(copying, "_digest", lambda _agent: "0" * 64)
    with LocalContainer(web(), tmp_path) as cluster:
        with pytest.raises(InjectionError, match="it arrived damaged"):
            bring(cluster)
        assert list(tmp_path.rglob("became")) == []
        assert not (tmp_path / "kubectl-stress/agent").exists()


@pytest.mark.parametrize("interpreter", [SH, PYTHON, PERL], ids=lambda each: each.words[0])
def test_an_image_without_a_folder_is_told_and_not_tried_again(
    interpreter: Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, interpreter)
    with LocalContainer(web(), tmp_path, place=ON_PROC) as cluster:
        for _ in range(2):
            with pytest.raises(InjectionError, match="has no folder that user 1000:1000 may write"):
                bring(cluster)
        assert len(cluster.added) == 1


def test_an_image_that_lacks_a_tool_names_it(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("sh", "mkdir", "chmod", "mv", "rm", "sleep", "uname"):
        found = subprocess.run(["which", tool], check=True, capture_output=True, text=True)
        (tools / tool).symlink_to(found.stdout.strip())
    with LocalContainer(web(), tmp_path, path=str(tools)) as cluster:
        for _ in range(2):
            with pytest.raises(InjectionError, match=r'image of container "app" lacks sha256sum'):
                bring(cluster)
        assert len(cluster.added) == 1


def test_an_image_without_an_interpreter_is_told_and_not_tried_again(tmp_path: Path) -> None:
    with LocalContainer(web(), tmp_path, path=str(tmp_path)) as cluster:
        for _ in range(2):
            with pytest.raises(InjectionError, match=r'image of container "app" has no sh: copy'):
                bring(cluster)
        assert len(cluster.added) == 1


def test_a_language_that_the_pod_names_takes_the_place_of_a_shell(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "python3").symlink_to(Path(sys.executable).resolve())
    built = pod().container("app", limit="128Mi", command=[str(tools / "python3"), "app.py"])
    with LocalContainer(built.dict, tmp_path, path=str(tools)) as cluster:
        bring(cluster)
        bring(cluster)
        assert [entry["command"][0] for entry in cluster.added] == ["sh", str(tools / "python3")]


def test_a_script_that_waits_in_vain_ends_by_itself(tmp_path: Path) -> None:
    command = SH.wait_command(["hold"])
    command[2] = command[2].replace("-lt 600", "-lt 2")
    command[-2] = str(tmp_path)

    done = subprocess.run(command, cwd=tmp_path, timeout=30)

    assert done.returncode == 75


def test_a_machine_without_an_agent_is_named() -> None:
    cluster = FakeCluster(pod().container("app").dict)
    cluster.readings = [FakeStream().says(b"ready riscv64 -\n")]

    with pytest.raises(InjectionError, match="no agent for nodes of architecture riscv64"):
        copying.copy_agent(
            cluster, Target.from_pod(cluster.pods["web"]), "x", SH, clock=FakeTime().clock
        )


def test_silence_is_not_waited_for_without_end() -> None:
    cluster, passing = FakeCluster(pod().container("app").dict), FakeTime()
    cluster.readings = [FakeStream(idle=passing.sleep)]
    target = Target.from_pod(cluster.pods["web"])

    with pytest.raises(StressError, match="no answer within 90 s"):
        copying.copy_agent(cluster, target, "x", SH, clock=passing.clock)


def test_the_kubelet_finds_nothing_to_expand_in_a_script_that_waits() -> None:
    """It turns $$ into $, and $(NAME) into a variable's value."""
    for wait, _ in interpreting._KINDS.values():
        assert "$$" not in wait
        assert "$(" not in wait
