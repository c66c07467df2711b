"""The processes of one target for a person: who dies first, and what memory is in none of them."""

from collections.abc import Sequence

from kubectl_stress.agent.samples import Memory, Process
from kubectl_stress.formats.plain_table import plain_table
from kubectl_stress.quantity import format_bytes

DIES_FIRST = "← dies first"
# What a difference must be to puzzle: usage alone moves in batches of 256 KiB a CPU.
_NOTED_BYTES, _NOTED_PERCENT = 2 << 20, 10
_SHORTER = {"OOM_SCORE_ADJ": "ADJ"}
_GAP = 2  # as plain_table has it
_GO_FIRST = ("ROLE", "ADJ", "RSS", "BADNESS")


def process_table(
    processes: Sequence[Process],
    *,
    victim_pid: int | None = None,
    most: int = 8,
    width: int | None = None,
) -> str:
    """One row a process, the first victim marked; at most `most` rows, and how many are left out.

    On a narrow terminal columns go, and never the mark.
    """
    shown = _shown(processes, victim_pid, most)
    runs = {process.run for process in processes if process.role == "load"}
    is_run_named = len(runs) > 1
    columns = {
        "PID": [str(process.pid) for process in shown],
        "COMMAND": [process.command for process in shown],
        "ROLE": [_role(process, is_run_named) for process in shown],
        "RSS": [format_bytes(process.rss_bytes) for process in shown],
        "OOM_SCORE_ADJ": [_text(process.oom_score_adj) for process in shown],
        "BADNESS": [format_bytes(process.badness_bytes) for process in shown],
        "": [DIES_FIRST if process.pid == victim_pid else "" for process in shown],
    }
    if width is not None and _width(columns) > width:
        columns = {_SHORTER.get(head, head): cells for head, cells in columns.items()}
    for head in _GO_FIRST:
        if width is not None and _width(columns) > width:
            del columns[head]
    more = len(processes) - len(shown)
    return f"{_drawn(columns)}\n… and {more} more" if more else _drawn(columns)


def _shown(processes: Sequence[Process], victim_pid: int | None, most: int) -> Sequence[Process]:
    """The first of them, and always one of the app: it is what the table is about."""
    first, others = processes[:most], processes[most:]
    app = next((process for process in others if process.shown_role == "target"), None)
    if app is None or any(process.shown_role == "target" for process in first):
        return first
    leaving = [process for process in first if process.pid != victim_pid][-1]
    return [*(process for process in first if process is not leaving), app]


def _role(process: Process, is_run_named: bool) -> str:
    """The role; of a load that is not the only one, with the run that it is of."""
    is_named = is_run_named and process.role == "load" and process.run
    return f"load {process.run}" if is_named else process.shown_role


def _text(value: int | None) -> str:
    return "-" if value is None else str(value)


def _drawn(columns: dict[str, list[str]]) -> str:
    return plain_table([list(columns), *zip(*columns.values(), strict=True)])


def _width(columns: dict[str, list[str]]) -> int:
    """How wide it would be drawn; a live table asks several times for each of its pictures."""
    widths = [max(map(len, [head, *cells])) for head, cells in columns.items()]
    return sum(widths) + _GAP * sum(width > 0 for width in widths[1:])


def outside_processes(processes: Sequence[Process], memory: Memory) -> str | None:
    """Where the rest is, if the processes' RSS and the cgroup's usage differ by much.

    Pages of files are charged to the cgroup that touched them first, and shared ones are in the RSS
    of each process (kernel: cgroup-v1/memory.rst, "Shared Page Accounting").
    """
    inside = [process for process in processes if process.role != "holder"]
    usage = memory.usage_bytes
    if usage is None or not inside or any(process.rss_bytes is None for process in inside):
        return None
    rss = sum(process.rss_bytes or 0 for process in inside)
    rss_text, usage_text = format_bytes(rss), format_bytes(usage)
    if rss - usage > _NOTED_BYTES:
        return (
            f"the RSS of all processes ({rss_text}) is more than the usage ({usage_text}): RSS "
            "counts shared pages in every process, and file pages charged to another cgroup"
        )
    if usage - rss > max(_NOTED_BYTES, usage * _NOTED_PERCENT // 100) and (parts := _parts(memory)):
        return (
            f"the usage ({usage_text}) is more than the RSS of all processes ({rss_text}): the "
            f"cgroup is also charged for {parts}"
        )
    return None


def _parts(memory: Memory) -> str:
    """What a cgroup is charged for beside anonymous memory, the largest first."""
    shared = memory.shmem_bytes or 0
    found = {
        "page cache": max(0, (memory.file_bytes or 0) - shared),
        "tmpfs and shared memory": shared,
        "kernel memory": memory.kernel_bytes or 0,
    }
    ranked = sorted(found.items(), key=lambda part: -part[1])
    return ", ".join(f"{name} ({format_bytes(size)})" for name, size in ranked if size >= 1 << 20)
