"""What the agent says, as the bytes of its stdout."""

import json
from typing import Any

from tests.builders.pods import MIB


def line(kind: str, elapsed_ms: int = 0, **values: Any) -> bytes:
    """One line of the protocol."""
    common = {"type": kind, "elapsed_ms": elapsed_ms, "time_ms": 1_795_492_800_000 + elapsed_ms}
    return json.dumps({**common, **values}).encode() + b"\n"


def hello_line(**values: Any) -> bytes:
    defaults = {
        "protocol": 2,
        "version": "0.1.0",
        "pid": 30,
        "cgroup_version": 2,
        "oom_group": True,
        "node_total_bytes": 2048 * MIB,
        "node_available_bytes": 1500 * MIB,
        "holder_pid": 23,
    }
    return line("hello", **{**defaults, **values})


def sample_line(
    usage_mib: float = 10,
    *,
    elapsed_ms: int = 0,
    held_mib: float = 0,
    phase: str = "hold",
    **memory: Any,
) -> bytes:
    defaults = {
        "usage_bytes": int(usage_mib * MIB),
        "limit_bytes": 128 * MIB,
        "inactive_file_bytes": 0,
        "anon_bytes": int(usage_mib * MIB),
        "oom_kill": 0,
        "oom_group_kill": 0,
        "high_events": 0,
    }
    load = {"size_bytes": 50 * MIB, "held_bytes": int(held_mib * MIB), "workers": 1}
    return line("sample", elapsed_ms, phase=phase, load=load, memory={**defaults, **memory})


def cpu_samples(
    *,
    load_percent: float,
    used_us_per_ms: int,
    usage_us_per_ms: int,
    is_throttled: bool,
    held_mib: int = 0,
    usage_mib: int = 10,
) -> bytes:
    """Two seconds of a CPU load under a quota of 250m, throttled in each period or in none.

    `used` is the load's CPU time, `usage` that of the whole container.
    """
    held = {"size_bytes": held_mib * MIB, "held_bytes": held_mib * MIB}
    return b"".join(
        line(
            "sample",
            at_ms,
            phase="hold",
            load={**held, "workers": int(held_mib > 0)},
            cpu_load={
                "load_percent": load_percent,
                "workers": 1,
                "used_us": used_us_per_ms * at_ms,
            },
            memory={"usage_bytes": usage_mib * MIB, "limit_bytes": 128 * MIB, "oom_kill": 0},
            cpu={
                "usage_us": usage_us_per_ms * at_ms,
                "nr_periods": at_ms // 100,
                "nr_throttled": at_ms // 100 if is_throttled else 0,
                "throttled_us": 0,
                "limit_millicores": 250,
            },
        )
        for at_ms in range(0, 2_100, 100)
    )


def processes_line(*processes: tuple[int, str, str, int], **values: Any) -> bytes:
    """Each as pid, command, role and badness in MiB."""
    found = [
        {
            "pid": pid,
            "command": command,
            "role": role,
            "rss_bytes": 4 * MIB,
            "oom_score_adj": 998,
            "badness_bytes": badness * MIB,
        }
        for pid, command, role, badness in processes
    ]
    return line("processes", processes=found, **values)


def phase_line(phase: str, *, elapsed_ms: int = 0, held_mib: float = 0) -> bytes:
    return line("phase", elapsed_ms, phase=phase, held_bytes=int(held_mib * MIB))


def worker_killed_line(before: int = 0, after: int = 1, *, elapsed_ms: int = 0) -> bytes:
    counters = {"oom_kill_before": before, "oom_kill_after": after}
    counters |= {"oom_group_kill_before": 0, "oom_group_kill_after": 0}
    return line("worker-killed", elapsed_ms, pid=41, signal=9, held_bytes=100 * MIB, **counters)


def bye_line(
    reason: str = "duration", exit_code: int = 0, *, elapsed_ms: int = 0, by: str | None = None
) -> bytes:
    values = {"reason": reason, "exit_code": exit_code, "held_max_bytes": 50 * MIB, "dropped": 0}
    return line("bye", elapsed_ms, by=by, **values)


def done_line(number: int, **values: Any) -> bytes:
    return line("done", **{"id": number, "command": "read", "ok": True, **values})


def reading(**hello: Any) -> bytes:
    """A whole reading, as `agent probe` gives it."""
    processes = processes_line((1, "hello", "target", 130), (23, "agent", "holder", 128))
    return hello_line(**hello) + sample_line() + processes + bye_line()


def survived() -> bytes:
    """A load of 50 MiB that ran to its end."""
    return (
        hello_line()
        + sample_line(10, phase="baseline")
        + phase_line("ramp")
        + sample_line(35, elapsed_ms=500, held_mib=25, phase="ramp")
        + phase_line("hold", elapsed_ms=1_000, held_mib=50)
        + sample_line(60, elapsed_ms=1_100, held_mib=50)
        + phase_line("release", elapsed_ms=21_000)
        + bye_line(elapsed_ms=24_000)
    )
