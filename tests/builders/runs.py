"""Whole runs as reports and as recordings: made up, but of the shapes that real ones have."""

from dataclasses import replace
from typing import Any

from kubectl_stress.agent.protocol import Bye, PhaseStart, Processes
from kubectl_stress.agent.samples import Phase, Process, Sample
from kubectl_stress.agent.series import Series
from kubectl_stress.plan.plan import Plan
from kubectl_stress.results.recording import (
    Header,
    header_line,
    read_recording,
    report_line,
    to_report,
    value_line,
)
from kubectl_stress.results.report import Report
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.verdict.findings import Ending, Findings
from kubectl_stress.verdict.judge import judge
from kubectl_stress.verdict.outcome import Expectation
from tests.builders.pods import (
    MIB,
    bye,
    event,
    hello,
    plan,
    pod,
    sample,
    target,
    terminated,
    worker_killed,
)

APP = Process(1, "hello", "target", 12 * MIB, 998, 139 * MIB)
LOAD = Process(44, "agent", "load", 50 * MIB, 998, 178 * MIB)
HOLDER = Process(23, "agent", "holder", 1 * MIB, 999, 129 * MIB)


def status(**values: Any) -> ContainerStatus:
    built = pod().container("app").with_container_status(**values)
    return ContainerStatus.from_pod(built.dict, "app")


def restarted() -> ContainerStatus:
    end = {
        "containerID": "containerd://app-1",
        "reason": "OOMKilled",
        "exitCode": 137,
        "finishedAt": "2026-01-01T00:01:00Z",
    }
    return status(restartCount=1, containerID="containerd://app-2", lastState={"terminated": end})


def climb(
    to_mib: float, *, steps: int = 40, from_ms: int = 1_000, to_ms: int = 5_000
) -> list[Sample]:
    """Samples of a ramp from 12 MiB up to `to_mib`."""
    found = [sample(12, at_ms=100, phase="baseline")]
    for step in range(steps + 1):
        held = (to_mib - 13) * step / steps
        at_ms = from_ms + (to_ms - from_ms) * step // steps
        values = {"anon_bytes": int((10 + held) * MIB), "inactive_file_bytes": 2 * MIB}
        found.append(sample(13 + held, at_ms=at_ms, held_mib=held, phase="ramp", **values))
    return found


def made_report(
    samples: list[Sample],
    *changes: Change,
    given: Plan | None = None,
    after: ContainerStatus | None = None,
    ending: Ending | None = None,
    expectation: Expectation | None = None,
    **values: Any,
) -> Report:
    asked = given or plan()
    findings = Findings(
        samples=Series(samples),
        changes=changes,
        ending=ending or Ending(bye(), 0, None, samples[-1].at_ms if samples else 0),
        **{"hello": hello(), **values},
    )
    return Report(
        plan=asked,
        findings=findings,
        verdict=judge(asked, findings),
        before=status(),
        after=after or status(),
        holder="kubectl-stress-abc123",
        processes=(LOAD, APP, HOLDER),
        processes_before=(APP, HOLDER),
        expectation=expectation,
    )


def survived(**values: Any) -> Report:
    held = [
        sample(63 + (at_ms % 3_000) / 3_000, at_ms=at_ms, held_mib=50, phase="hold")
        for at_ms in range(5_100, 20_000, 200)
    ]
    released = [sample(12.5, at_ms=20_400 + 200 * i, phase="settle") for i in range(12)]
    return made_report([*climb(63), *held, *released], **values)


def group_killed(**values: Any) -> Report:
    """The whole container dies at the limit and comes back (cgroup v2)."""
    return made_report(
        climb(127.9, to_ms=5_400),
        terminated("OOMKilled", 137, at_ms=6_000),
        Change(6_000, ChangeKind.NOT_READY, "container is not ready"),
        Change(7_800, ChangeKind.STARTED, "container started again (restart 1)"),
        Change(9_000, ChangeKind.READY, "container is ready"),
        given=plan("120%"),
        ending=Ending(None, 137, None, 5_500),
        after=restarted(),
        **values,
    )


def worker_died(**values: Any) -> Report:
    """Only the load dies (cgroup v1)."""
    return made_report(
        climb(127.9),
        given=plan("120%"),
        ending=Ending(bye("workers-killed", 12), 12, None, 5_200),
        hello=hello(cgroup_version=1, oom_group=None),
        kills=(worker_killed(),),
        **values,
    )


def liveness_restarted(**values: Any) -> Report:
    words = 'Liveness probe failed: Get "http://10.0.0.7:8080/": context deadline exceeded'
    return made_report(
        climb(126),
        event("Unhealthy", words.replace("Liveness", "Readiness"), at_ms=5_200),
        Change(5_300, ChangeKind.NOT_READY, "container is not ready"),
        event("Unhealthy", words, at_ms=8_200),
        event("Unhealthy", words, at_ms=13_200),
        event("Killing", "Container app failed liveness probe, will be restarted", at_ms=13_300),
        terminated("Error", 137, at_ms=16_000),
        Change(17_000, ChangeKind.STARTED, "container started again (restart 1)"),
        given=plan("110Mi"),
        ending=Ending(None, 137, None, 15_500),
        after=restarted(),
        **values,
    )


def recorded(report: Report, *, is_finished: bool = True) -> bytes:
    """The recording of a run that ended in `report`."""
    findings = report.findings
    header = Header(
        version="0.1.0",
        plan=report.plan,
        before=report.before,
        holder=report.holder,
        processes=report.processes_before,
        reading=sample(12),
        expectation=report.expectation,
    )
    timed: list[tuple[int, str, Any]] = [
        *((entry.at_ms, "sample", entry) for entry in findings.samples.samples),
        *((change.at_ms, "change", change) for change in findings.changes),
        *((kill.at_ms, "worker-killed", kill) for kill in findings.kills),
        (findings.ending.at_ms, "processes", Processes(900, report.processes)),
    ]
    progress: list[tuple[str, Any]] = [("hello", findings.hello)] if findings.hello else []
    progress.append(("phase", PhaseStart(0, Phase.BASELINE, 0)))
    progress += [(name, value) for _, name, value in sorted(timed, key=lambda entry: entry[0])]
    progress += [("error", error) for error in findings.errors]
    progress += [("bye", findings.ending.bye)] if isinstance(findings.ending.bye, Bye) else []
    progress += [("ending", findings.ending)]
    progress += [("afterwards", findings.afterwards)] if findings.afterwards else []
    progress += [("status", report.after)]
    lines = [header_line(header), *(value_line(name, value) for name, value in progress)]
    return "".join([*lines, report_line(report)] if is_finished else lines).encode()


def read_back(report: Report) -> Report:
    """The report as its recording has it, in which foreign text is clean."""
    return to_report(read_recording(recorded(report)))


def unlimited() -> Report:
    """A target without a limit."""
    samples = [sample(30 + i, at_ms=500 * i, held_mib=i, limit_bytes=None) for i in range(51)]
    without = plan("50Mi", target=target(limit=None), force=True)
    return made_report(samples, given=without)


def cut_off(words: str = "connection reset", **values: Any) -> Report:
    """The stream broke, and nothing says why."""
    return read_back(made_report(climb(60), ending=Ending(None, None, words, 5_000), **values))


def evicted(words: str = "The node was low on resource: memory.") -> Report:
    """The kubelet took the pod away."""
    report = made_report(
        climb(60),
        event("Evicted", words, at_ms=5_500),
        Change(5_600, ChangeKind.EVICTED, f"pod evicted: {words}", "status", "Evicted"),
        ending=Ending(None, 137, None, 5_700),
    )
    return read_back(report)


HOSTILE = (
    '"><script>alert(1)</script><img src=x onerror=alert(2)> javascript:alert(3) '
    "</title></style></svg><a href=https://evil.example>x</a> \u202e\x1b[2J &lt;b&gt; "
    + "x"
    * 1_000
)


def crowded() -> Report:
    """Twenty minutes with three kills, a hundred failed probes, and words that mean harm."""
    kills = (300_000, 600_000, 900_000)
    gone = {second for kill in kills for second in range(kill // 1_000, kill // 1_000 + 12)}
    samples = [
        sample(
            60 + (37 * i % 20) + (i % 3_000) / 70,
            at_ms=100 * i,
            held_mib=50 + (i % 3_000) / 70,
            phase="hold" if i % 3_000 > 300 else "ramp",
            inactive_file_bytes=(61 * i % 8) * MIB,
        )
        for i in range(12_000)
        if i // 10 not in gone
    ]
    changes = [event("Unhealthy", f"probe {i} {HOSTILE}", at_ms=9_000 * i) for i in range(100)]
    for kill in kills:
        changes += [
            terminated("OOMKilled", 137, at_ms=kill),
            Change(kill, ChangeKind.NOT_READY, "container is not ready"),
            Change(kill + 9_000, ChangeKind.STARTED, "container started again"),
            Change(kill + 40_000, ChangeKind.READY, "container is ready"),
        ]
    asked = plan("120%")
    named = replace(asked, target=replace(asked.target, pod=HOSTILE[:200], image=HOSTILE))
    changes.sort(key=lambda change: change.at_ms)
    report = made_report(samples, *changes, given=named, after=restarted())
    return read_back(replace(report, processes=(replace(APP, command=HOSTILE[:60]), LOAD, HOLDER)))
