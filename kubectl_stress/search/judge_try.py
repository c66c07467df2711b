"""From what one load saw to the try that it was. Pure."""

from dataclasses import replace

from kubectl_stress.agent.protocol import EndReason
from kubectl_stress.search.ballasts import ballast_of
from kubectl_stress.search.health import Checked
from kubectl_stress.search.settings import SearchSettings
from kubectl_stress.search.tries import Mark, Stopped, Try
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.verdict.findings import Findings, of_kind
from kubectl_stress.verdict.outcome import Outcome, Verdict

_MARKS = {
    Outcome.LOAD_OOM_KILLED: Mark.OOM,
    Outcome.APP_OOM_KILLED: Mark.OOM,
    Outcome.GROUP_OOM_KILLED: Mark.OOM,
    Outcome.LIVENESS_RESTARTED: Mark.CRASHED,
    Outcome.KUBELET_RESTARTED: Mark.CRASHED,
    Outcome.APP_EXITED: Mark.CRASHED,
    Outcome.READINESS_LOST: Mark.READINESS_LOST,
    Outcome.THROTTLED: Mark.THROTTLED,
    Outcome.SURVIVED: Mark.FITS,
}


def try_of(
    settings: SearchSettings,
    level: int,
    verdict: Verdict,
    seen: Findings,
    *,
    ended_before_ms: int | None = None,
    stopped: Stopped | None = None,
    checked: Checked | None = None,
) -> Try:
    """The try that this load was; `ended_before_ms` is when the one before it ended."""
    first, ballast = seen.samples.first, ballast_of(settings.resource)
    began_ms = first.at_ms if first else seen.ending.at_ms
    since_ms = began_ms if ended_before_ms is None else ended_before_ms
    one = Try(
        level=level,
        mark=Mark.INCONCLUSIVE,
        evidence=verdict.sentence,
        at_ms=began_ms,
        time_ms=first.time_ms if first else 0,
        took_ms=max(0, seen.ending.at_ms - since_ms),
        recovery_ms=max(0, began_ms - since_ms),
    )
    one = ballast.with_readings(_with_readings(one, seen, checked), seen)
    known = ballast.mark(_MARKS.get(verdict.outcome))
    stopped = stopped or _too_slow(checked) or ballast.too_much(settings, one)
    if stopped is not None and known in (None, Mark.FITS, Mark.THROTTLED):
        return replace(one, mark=stopped.mark, evidence=stopped.text)
    return replace(one, mark=_mark(known, verdict, seen, is_short=ballast.is_short(one)))


def _too_slow(checked: Checked | None) -> Stopped | None:
    if checked is None or checked.too_slow is None:
        return None
    return Stopped(Mark.SLOW, checked.too_slow)


def _with_readings(one: Try, seen: Findings, checked: Checked | None) -> Try:
    return replace(
        one,
        probe_failures=sum(change.is_failed_probe for change in seen.changes),
        not_ready_ms=_not_ready_ms(seen),
        restarts=len(of_kind(seen, ChangeKind.TERMINATED)),
        latency_ms=checked.slowest_ms if checked else None,
        failed_checks=checked.failed if checked else 0,
    )


def _mark(known: Mark | None, verdict: Verdict, seen: Findings, *, is_short: bool) -> Mark:
    if known is not None:
        return known
    if verdict.outcome is not Outcome.INCONCLUSIVE:
        return Mark.INCONCLUSIVE
    bye = seen.ending.bye
    is_stopped = bye is not None and bye.reason is EndReason.STOPPED
    if is_stopped and of_kind(seen, ChangeKind.NOT_READY):
        return Mark.READINESS_LOST  # the kubelet leaves out events of probes once there are many
    if bye is not None and bye.reason is EndReason.DURATION and is_short:
        return Mark.TIMED_OUT  # it did not reach its size in time
    is_given_up = bye is None and seen.ending.exit_code is None
    return Mark.TIMED_OUT if is_given_up else Mark.INCONCLUSIVE


def _not_ready_ms(seen: Findings) -> int:
    """From where readiness was lost to where it came back, or to the end of the load."""
    total_ms, lost_ms = 0, None
    for change in sorted(seen.changes, key=_at_ms):
        if change.kind is ChangeKind.NOT_READY:
            lost_ms = change.at_ms if lost_ms is None else lost_ms
        elif change.kind is ChangeKind.READY and lost_ms is not None:
            total_ms, lost_ms = total_ms + change.at_ms - lost_ms, None
    return total_ms + (0 if lost_ms is None else max(0, seen.ending.at_ms - lost_ms))


def _at_ms(change: Change) -> int:
    return change.at_ms
