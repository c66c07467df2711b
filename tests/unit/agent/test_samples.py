"""What a series tells of its samples."""

from kubectl_stress.agent.series import Series
from tests.builders.pods import MIB, sample


def test_the_peak_follows_samples_that_come_later() -> None:
    series = Series([sample(10)])
    peaks = [series.peak_usage_bytes]

    for usage_mib in (30, 20):
        series.add(sample(usage_mib))
        peaks.append(series.peak_usage_bytes)

    assert peaks == [10 * MIB, 30 * MIB, 30 * MIB]


def test_without_a_usage_there_is_no_peak() -> None:
    assert Series([sample(usage_bytes=None)]).peak_usage_bytes is None
