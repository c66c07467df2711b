"""How soon the kubelet notices that a container fails its probes. Pure: no I/O."""

from dataclasses import dataclass

from kubectl_stress.targets.pod import Pod, container_spec


@dataclass(frozen=True)
class ProbeTiming:
    """Of the slower of a container's readiness and liveness probes; 0 without one of them.

    From one check to the next, and until so many have failed that it counts.
    """

    period_ms: int = 0
    fails_after_ms: int = 0


def probe_timing(pod: Pod, name: str) -> ProbeTiming:
    """As the spec says, with the API's defaults."""
    spec, found = container_spec(pod, name), ProbeTiming()
    for kind in ("readinessProbe", "livenessProbe"):
        probe = spec.get(kind)
        if probe is not None:
            period_ms = 1000 * int(probe.get("periodSeconds", 10))
            checks, timeout_s = probe.get("failureThreshold", 3), probe.get("timeoutSeconds", 1)
            fails_ms = period_ms * int(checks) + 1000 * int(timeout_s)
            found = ProbeTiming(
                max(found.period_ms, period_ms), max(found.fails_after_ms, fails_ms)
            )
    return found
