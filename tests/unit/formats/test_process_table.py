"""The processes for a person: who dies first, in any width, and where the rest of the usage is."""

import pytest

from kubectl_stress.agent.samples import Memory, Process
from kubectl_stress.formats.process_table import outside_processes, process_table
from tests.builders.pods import MIB


def process(pid: int, command: str, badness_mib: int | None, *, adj: int | None = 998) -> Process:
    badness = None if badness_mib is None else badness_mib * MIB
    return Process(pid, command, "other", 4 * MIB, adj, badness)


def test_the_first_victim_is_marked_and_nobody_else() -> None:
    text = process_table([process(1, "app", 130), process(23, "agent", 180)], victim_pid=23)

    marked = [line for line in text.splitlines() if "dies first" in line]
    assert [line.split()[:2] for line in marked] == [["23", "agent"]]


def test_a_process_that_is_never_chosen_is_no_victim() -> None:
    text = process_table([process(7, "init", None, adj=-1000)])

    assert "dies first" not in text
    assert text.splitlines()[1].split() == ["7", "init", "other", "4.0", "MiB", "-1000", "-"]


def test_a_crowd_of_processes_is_cut_to_the_worst() -> None:
    crowd = [process(pid, "worker", 200 - pid) for pid in range(1, 30)]

    *rows, last = process_table(crowd).splitlines()

    assert (len(rows), last) == (9, "… and 21 more")


def test_the_app_stays_in_a_short_table_and_so_does_the_first_victim() -> None:
    loads = [process(pid, "agent", 200 - pid) for pid in range(30, 34)]
    app = Process(1, "sleep", "target", 4 * MIB, 998, 100 * MIB)

    text = process_table([*loads, app], victim_pid=32, most=3)

    assert [line.split()[0] for line in text.splitlines()] == ["PID", "30", "32", "1", "…"]


def test_a_process_that_the_runtime_starts_is_not_taken_for_the_apps() -> None:
    text = process_table([Process(9, "runc:[2:INIT]", "target", 4 * MIB, 998, 100 * MIB)])

    assert text.splitlines()[1].split()[:3] == ["9", "runc:[2:INIT]", "runtime"]


@pytest.mark.parametrize("width", [120, 80, 70, 60, 50, 40])
def test_the_mark_of_the_first_victim_is_never_cut(width: int) -> None:
    crowd = [process(10_000 + i, "a-command-of-15", 100 + i) for i in range(3)]

    text = process_table(crowd, victim_pid=10_002, width=width)

    assert max(len(line) for line in text.splitlines()) <= width
    assert text.splitlines()[3].endswith("← dies first")
    assert "COMMAND" in text


def memory(usage_mib: int, **values_mib: int) -> Memory:
    values = {f"{name}_bytes": value * MIB for name, value in values_mib.items()}
    return Memory(usage_bytes=usage_mib * MIB, **values)


@pytest.mark.parametrize(
    ("rss_mib", "given", "note"),
    [
        ((40, 8), memory(50, file=2), None),
        (
            (40, 8),
            memory(30),
            "the RSS of all processes (48.0 MiB) is more than the usage (30.0 MiB): RSS counts",
        ),
        (
            (8,),
            memory(96, file=70, shmem=60, kernel=4),
            "the usage (96.0 MiB) is more than the RSS of all processes (8.0 MiB): the cgroup is "
            "also charged for tmpfs and shared memory (60.0 MiB), page cache (10.0 MiB), kernel "
            "memory (4.0 MiB)",
        ),
        ((8,), memory(96), None),  # nothing of it was readable
        ((8,), Memory(), None),
        ((), memory(96, file=80), None),
    ],
    ids=["they agree", "files charged elsewhere", "tmpfs", "unread", "no usage", "no processes"],
)
def test_one_line_says_where_the_rest_of_the_usage_is(
    rss_mib: tuple[int, ...], given: Memory, note: str | None
) -> None:
    listed = [Process(n, "app", "target", rss * MIB, 0, 0) for n, rss in enumerate(rss_mib)]
    holder = Process(99, "agent", "holder", 500 * MIB, 0, 0)

    text = outside_processes([*listed, holder], given)

    assert text is None if note is None else (text or "").startswith(note)


@pytest.mark.parametrize("most", [1, 2])
@pytest.mark.parametrize("victim", [None, 1])
@pytest.mark.parametrize("name", ["sh", "a-command-with-a-long-name"])
def test_the_width_of_a_process_table_is_known_before_it_is_drawn(
    most: int, victim: int | None, name: str
) -> None:
    processes = [Process(1, name, "target", MIB, 998, 2 * MIB), Process(7, "b", "load", 0, 1, None)]
    whole = process_table(processes, victim_pid=victim, most=most)
    widest = max(map(len, whole.splitlines()))

    assert process_table(processes, victim_pid=victim, most=most, width=widest) == whole
    assert process_table(processes, victim_pid=victim, most=most, width=widest - 1) != whole


def test_loads_of_several_runs_are_told_apart_by_their_runs() -> None:
    loads = [
        Process(pid, "agent", "load", MIB, 998, 100 * MIB, run=run, started_by="ann")
        for pid, run in ((40, "one"), (41, "two"))
    ]

    assert "load one" in process_table(loads)
    assert "load one" not in process_table(loads[:1])
