"""What the kernel refuses is called by its name, and nothing is held then."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.agent.container import MIB, Container, Run
from tests.agent.guest import Guest

pytestmark = pytest.mark.machine

MakeContainer = Callable[..., Container]
_LIFE = "--duration-ms 600000 --heartbeat-timeout-ms 600000"


@pytest.fixture
def strict_overcommit(guest: Guest) -> Iterator[None]:
    guest.run("echo 2 > /proc/sys/vm/overcommit_memory")
    yield
    guest.run("echo 0 > /proc/sys/vm/overcommit_memory")


@pytest.fixture
def small_disk(guest: Guest) -> Iterator[str]:
    """A root of its own whose /tmp holds 4 MiB."""
    guest.run("mkdir /small; mount -t tmpfs -o size=5m none /small; mkdir /small/tmp /small/proc")
    guest.run("cp /agent /small; mount -t proc none /small/proc")
    yield "/small"
    guest.run("umount -l /small/proc; umount -l /small; rmdir /small")  # the holder is still there


def test_a_size_beyond_the_commit_limit_is_told_as_overcommit(
    container: MakeContainer, strict_overcommit: None
) -> None:
    run = container().run(f"run mem --size-bytes {4096 * MIB} {_LIFE}")

    assert _refusal(run) == "overcommit"


def test_a_size_beyond_the_machine_is_told_as_no_memory(container: MakeContainer) -> None:
    run = container().run(f"run mem --size-bytes {1 << 40} {_LIFE}")

    assert _refusal(run) == "no-memory"


def test_a_limit_on_the_size_of_files_is_told_as_that(container: MakeContainer) -> None:
    target = container()
    target.run("hold")

    run = target.run(f"run mem --kind file --size-bytes {8 * MIB} {_LIFE}", before="ulimit -f 2048")

    assert _refusal(run) == "rlimit-fsize"


def test_a_full_disk_is_told_as_no_space(container: MakeContainer, small_disk: str) -> None:
    target = container()
    holder = target.run("hold", command=f"chroot {small_disk} /agent")
    where = f"--holder-pid {holder.pid}"

    run = target.run(f"run mem --kind file --size-bytes {64 * MIB} {where} {_LIFE}")

    assert _refusal(run) == "no-space"


def test_a_file_without_a_holder_is_refused(container: MakeContainer) -> None:
    run = container().run(f"run mem --kind file --size-bytes {MIB} {_LIFE}")
    bye = run.wait_for_end()

    assert [line["code"] for line in run.of_type("error")] == ["no-holder"]
    assert bye["held_max_bytes"] == 0


@pytest.fixture
def unprivileged(guest: Guest) -> str:
    """A command that is the agent without any capability."""
    guest.run(
        "mkdir -p /etc; echo app:x:1000:1000::/:/bin/sh > /etc/passwd\n"
        """echo '#!/bin/sh\nexec su app -s /bin/sh -c "exec /agent $*"' > /as-app\n"""
        "chmod +x /as-app"
    )
    return "/as-app"


@pytest.mark.parametrize(("adj", "is_refused"), [(100, True), (500, False), (900, False)])
def test_an_oom_score_adj_below_the_inherited_one_needs_a_capability(
    container: MakeContainer, unprivileged: str, adj: int, is_refused: bool
) -> None:
    inherit = "echo 500 > /proc/self/oom_score_adj"
    arguments = f"run mem --size-bytes {MIB} --oom-score-adj {adj} --duration-ms 500"

    run = container().run(arguments, before=inherit, command=unprivileged)
    bye = run.wait_for_end()

    assert bye["exit_code"] == (13 if is_refused else 0)
    assert bye["held_max_bytes"] == (0 if is_refused else MIB)
    assert ["CAP_SYS_RESOURCE" in line["message"] for line in run.of_type("error")] == (
        [True] if is_refused else []
    )


def _refusal(run: Run) -> str:
    """Give the code of the refusal, once the run has ended with nothing held."""
    bye = run.wait_for_end()
    (error,) = run.of_type("error")
    assert (bye["reason"], bye["exit_code"]) == ("no-memory", 11)
    assert bye["held_max_bytes"] == 0
    return str(error["code"])
