"""How soon the kubelet notices: with the API's defaults, of the slower probe."""

from typing import Any

import pytest

from kubectl_stress.targets.probe_timing import ProbeTiming, probe_timing
from tests.builders.pods import pod


@pytest.mark.parametrize(
    ("spec", "timing"),
    [
        ({}, ProbeTiming()),
        ({"startupProbe": {}}, ProbeTiming()),
        ({"readinessProbe": {}}, ProbeTiming(10_000, 31_000)),
        (
            {"readinessProbe": {"periodSeconds": 2, "failureThreshold": 1, "timeoutSeconds": 5}},
            ProbeTiming(2_000, 7_000),
        ),
        (
            {"readinessProbe": {"periodSeconds": 1}, "livenessProbe": {}},
            ProbeTiming(10_000, 31_000),
        ),
    ],
)
def test_the_slower_of_both_probes_counts(spec: dict[str, Any], timing: ProbeTiming) -> None:
    assert probe_timing(pod().container("app", **spec).dict, "app") == timing
