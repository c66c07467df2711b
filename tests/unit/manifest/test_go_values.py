"""Durations and sizes are read as the libraries of Chaos Mesh read them.

The rows were computed with Go's time package, docker/go-units v0.5.0 and dustin/go-humanize v1.1.0.
"""

import pytest

from kubectl_stress.errors import UsageError
from kubectl_stress.manifest.go_values import (
    has_blank,
    parse_duration_ms,
    parse_size,
    refused_size_suffix,
)


@pytest.mark.parametrize(
    ("written", "ms"),
    [
        ("30s", 30_000),
        ("1h", 3_600_000),
        ("1h30m", 5_400_000),
        ("1.5h", 5_400_000),
        ("+2m", 120_000),
        (".5s", 500),
        ("5.s", 5_000),
        ("1500ms", 1_500),
        ("1500000us", 1_500),
        ("1500000µs", 1_500),
        ("999999ns", 0),
        ("0", 0),
    ],
)
def test_a_duration_is_read_as_go_reads_it(written: str, ms: int) -> None:
    assert parse_duration_ms(written) == ms


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("10min", "write 10m"),
        ("10 minutes", "write 10m"),
        ("90sec", "write 90s"),
        ("1hour30min", "write 1h30m"),
        ("2d", "it knows no days; write 48h"),
        ("60", "write 60s"),
        ("1w", 'unknown unit "w" (valid: h, m, s, ms)'),
        ("1d12h", 'unknown unit "d"'),
        ("soon", "like 30s or 1m30s"),
        ("", "like 30s or 1m30s"),
    ],
)
def test_a_duration_that_go_refuses_is_refused_with_the_right_one(
    written: str, remedy: str
) -> None:
    with pytest.raises(UsageError) as caught:
        parse_duration_ms(written)

    assert str(caught.value).startswith(f'"{written}" is not a Go duration: ')
    assert remedy in str(caught.value)


def test_a_duration_below_0_is_one_and_refused() -> None:
    with pytest.raises(UsageError, match="is less than 0: a duration must be more than 0"):
        parse_duration_ms("-5m")


@pytest.mark.parametrize(
    ("written", "size_bytes", "refused"),
    [
        ("50MiB", 52_428_800, None),
        ("50Mi", 52_428_800, "Mi"),
        ("50MIB", 52_428_800, None),
        ("50M", 50_000_000, None),
        ("50MB", 50_000_000, None),
        ("50m", 50_000_000, None),
        ("1000Gi", 1_073_741_824_000, "Gi"),
        ("1000GiB", 1_073_741_824_000, None),
        ("10GB", 10_000_000_000, None),
        ("512", 512, None),
        ("512b", 512, None),
        ("1.5GB", 1_500_000_000, None),
        ("50 MiB", 52_428_800, None),
        ("1,000MB", 1_000_000_000, ","),
        ("0", 0, None),
        ("0.5", 0, None),
        ("1EB", 1_000_000_000_000_000_000, "EB"),
        ("1EiB", 1_152_921_504_606_846_976, "EiB"),
        ("1PiB", 1_125_899_906_842_624, None),
        ("5k", 5_000, None),
        ("5Ki", 5_120, "Ki"),
        (".5MB", 500_000, None),
        ("5.MB", 5_000_000, None),
    ],
)
def test_a_size_is_read_as_the_load_and_the_webhook_read_it(
    written: str, size_bytes: int, refused: str | None
) -> None:
    assert (parse_size(written), refused_size_suffix(written)) == (size_bytes, refused)


@pytest.mark.parametrize("written", ["", "lots", "1e3", "-5MB", "+5MB", "50MBs", "1..5MB", "5i"])
def test_what_is_no_size_for_them_is_refused(written: str) -> None:
    with pytest.raises(UsageError, match="is not a size"):
        parse_size(written)


def test_a_blank_in_a_size_is_seen() -> None:
    assert [has_blank(written) for written in ("50MiB", "50 MiB")] == [False, True]
