"""Quantities and durations, as Kubernetes and Go write them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_stress.errors import UsageError
from kubectl_stress.quantity import (
    format_bytes,
    format_duration,
    format_quantity,
    parse_bytes,
    parse_duration_ms,
    parse_quantity,
)


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("50Mi", 52_428_800),
        ("1.5Gi", 1_610_612_736),
        ("50M", 50_000_000),
        ("1e9", 1_000_000_000),
        ("1E4", 10_000),
        ("2E", 2 * 10**18),  # the suffix, not an exponent
        ("128974848", 128_974_848),
        ("128974848000m", 128_974_848),  # Kubernetes' own documentation has this one
        (".5Mi", 524_288),
        ("1e18", 10**18),
    ],
)
def test_a_quantity_has_kubernetes_value(text: str, size_bytes: int) -> None:
    assert parse_bytes(text) == size_bytes


@pytest.mark.parametrize("text", ["", "abc", "50mib", "Mi", "5 Mi", "0x10", "--5", "50Mi50", "∞"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_quantity(text)


def test_megabytes_are_refused_with_both_readings() -> None:
    with pytest.raises(UsageError, match=r"write 50Mi \(52,428,800 bytes\) or 50M \(50,000,000"):
        parse_bytes("50MB")


@pytest.mark.parametrize(
    ("text", "size"),
    [("1.1Gi", 1181116007), ("0.3Gi", 322122548), ("8192.5", 8193), ("8192500m", 8193)],
)
def test_a_part_of_a_byte_is_rounded_up_as_by_kubernetes(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["-1", "0", "-50Mi", "0m", "0.1e-90"])
def test_a_size_is_more_than_nothing(text: str) -> None:
    with pytest.raises(UsageError):
        parse_bytes(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [("2000m", "2000Mi"), ("100m", "100Mi"), ("50", "50Mi"), ("3000u", "3000Mi"), (".5", ".5Mi")],
)
def test_a_size_below_a_page_is_taken_for_a_wrong_unit(text: str, hint: str) -> None:
    with pytest.raises(UsageError, match=rf"less than a page .* did you mean {re.escape(hint)}\?"):
        parse_bytes(text)


@pytest.mark.parametrize(
    "text", ["1e400", "1e1000000", "1E+99999999999", "1e-1000000", "9" * 5_000, "9" * 500 + "Ei"]
)
def test_a_size_beyond_any_machine_is_refused_in_one_short_line(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_bytes(text)

    assert len(str(raised.value)) < 120


@given(st.integers(min_value=4096, max_value=2**62))
def test_a_formatted_quantity_reads_back_exactly(value: int) -> None:
    assert parse_bytes(format_quantity(value)) == value


@pytest.mark.parametrize(
    ("text", "value_ms"),
    [("20s", 20_000), ("1m30s", 90_000), ("500ms", 500), ("1h", 3_600_000), ("1.5s", 1_500)],
)
def test_a_duration_has_gos_value(text: str, value_ms: int) -> None:
    assert parse_duration_ms(text) == value_ms


@pytest.mark.parametrize(
    "text", ["", "20", "s", "-3s", "1x", "1m 30s", "1d", "9999h", "9" * 500 + "ms"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_duration_ms(text)


def test_a_number_without_unit_is_told_which_to_give() -> None:
    with pytest.raises(UsageError, match="like 20s"):
        parse_duration_ms("20")


@given(st.integers(min_value=10, max_value=10_000))
def test_a_formatted_duration_of_whole_seconds_reads_back(seconds: int) -> None:
    assert parse_duration_ms(format_duration(seconds * 1_000)) == seconds * 1_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0, "0 B"),
        (1_023, "1023 B"),
        (1_024, "1.0 KiB"),
        (52_428_800, "50.0 MiB"),
        (1_048_575, "1.0 MiB"),
        (1_048_524, "1023.9 KiB"),
        ((1 << 30) - 1, "1.0 GiB"),
        ((1 << 40) - 1, "1.0 TiB"),
        (5 << 40, "5.0 TiB"),
        (1 - (1 << 20), "-1.0 MiB"),
        (-2_097_152, "-2.0 MiB"),
        (3 << 30, "3.0 GiB"),
    ],
)
def test_bytes_are_shown_in_binary_units(value: int | None, text: str) -> None:
    assert format_bytes(value) == text


@given(st.integers(min_value=0, max_value=1 << 44))
def test_no_unit_is_shown_more_than_1023_times(value: int) -> None:
    number, unit = format_bytes(value).split()

    assert float(number) < 1024 or unit == "TiB"
