"""Kubernetes quantities and Go durations: parse and format. Pure.

Source of the syntax: k8s.io/apimachinery/pkg/api/resource (Quantity), Go's time.ParseDuration.
"""

import re
from decimal import ROUND_CEILING, Decimal

from kubectl_stress.errors import UsageError

_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))(?P<suffix>[eE][+-]?\d+|[A-Za-z]*)", re.ASCII
)
_DURATION_UNITS_MS = {"h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
LONGEST_MS = 366 * 24 * 3_600_000
_DURATION = re.compile(r"(?:(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|h|m|s))", re.ASCII)
# Beyond the largest quantity of Kubernetes, 2^63 − 1, and its smallest step, 10^-9.
_LARGEST_EXPONENT = 100
LARGEST_BYTES = (1 << 63) - 1
LARGEST_MILLICORES = 256_000  # of as many CPUs as the agent loads
# The kernel gives memory by the page: a size below is a unit that was forgotten or mistaken.
PAGE_BYTES = 4096
_DECIMAL_BYTE_UNITS = {"KB": "k", "kB": "k", "MB": "M", "GB": "G", "TB": "T"}


def parse_quantity(text: str) -> Decimal:
    """The value of a quantity such as `1500m`, `2e3` or `128Mi`; raises UsageError."""
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise UsageError(f'"{text}" is not a quantity: use one like 256Mi or 1Gi')
    number, suffix = Decimal(match["number"]), match["suffix"]
    if suffix in _BINARY:
        return number * (1 << _BINARY[suffix])
    if suffix in _DECIMAL:
        return number * Decimal(10) ** _DECIMAL[suffix]
    if suffix[1:].lstrip("+-").isdigit():
        return number * Decimal(10) ** _exponent(text, suffix[1:])
    raise UsageError(_wrong_suffix(text, number, suffix))


def _exponent(text: str, digits: str) -> int:
    if len(digits) > 4 or abs(int(digits)) > _LARGEST_EXPONENT:
        raise UsageError(f'"{_short(text)}" is out of range: use a quantity like 256Mi or 1Gi')
    return int(digits)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"


def _wrong_suffix(text: str, number: Decimal, suffix: str) -> str:
    decimal = _DECIMAL_BYTE_UNITS.get(suffix)
    if decimal is None:
        return f'"{text}" is not a quantity: unknown suffix "{suffix}", use Ki, Mi or Gi'
    binary = decimal.upper() + "i"
    decimal_bytes = int(number * Decimal(10) ** _DECIMAL[decimal])
    binary_bytes = int(number * (1 << _BINARY[binary]))
    return (
        f'"{text}" can be read in two ways: write {number}{binary} ({binary_bytes:,} bytes) '
        f"or {number}{decimal} ({decimal_bytes:,} bytes)"
    )


def parse_bytes(text: str) -> int:
    """A size of memory, as a user gives it; raises UsageError.

    A part of a byte is rounded up, as by Quantity.Value(): 1.1Gi is 1181116007 bytes.
    """
    value, shown = parse_quantity(text), _short(text)
    if value <= 0:
        raise UsageError(f'"{shown}" is not a size: must be more than 0, like 50Mi')
    if value < PAGE_BYTES:
        raise UsageError(
            f'"{shown}" is less than a page of memory (4 KiB): {_larger(shown.rstrip("num"))}'
        )
    if value > LARGEST_BYTES:
        raise UsageError(f'"{shown}" is more than any machine has: use a size like 256Mi or 1Gi')
    return int(value.to_integral_value(ROUND_CEILING))


def _larger(number: str) -> str:
    """What was meant by a size that is too small: a forgotten unit, where that makes it a size."""
    is_size = parse_quantity(f"{number}Mi") >= PAGE_BYTES if number[-1:].isdigit() else False
    return f"did you mean {number}Mi?" if is_size else "use a size like 50Mi"


def parse_millicores(text: str) -> float:
    """CPU time as `500m`, `0.5` or `2`, in thousandths of a CPU; raises UsageError."""
    try:
        value = parse_quantity(text) * 1_000
    except UsageError:
        raise UsageError(
            f'"{_short(text)}" is not a number of CPUs: use 500m, 0.5 or 50%'
        ) from None
    if not 0 < value <= LARGEST_MILLICORES:
        raise UsageError(f'"{_short(text)}" is not a CPU load: use one like 500m, 1.5 or 50%')
    return float(value)


def format_millicores(value: float | None) -> str:
    """CPUs as kubectl writes them: `250m`, `1.5`; `-` where there is no value."""
    if value is None:
        return "-"
    if value < 1_000:
        return f"{value:.1f}".removesuffix(".0") + "m"
    return f"{value / 1_000:.2f}".rstrip("0").rstrip(".")


def parse_rate(text: str) -> int:
    """Bytes a second, as `10Mi` or `10Mi/s`; raises UsageError."""
    return parse_bytes(text.strip().removesuffix("/s"))


def parse_slow_rate(text: str) -> float:
    """Bytes a second, as `5Mi/s`, `10Mi/m` or `300Mi/h`; raises UsageError."""
    amount, slash, unit = text.strip().partition("/")
    seconds = {"s": 1, "m": 60, "h": 3_600}.get(unit if slash else "s")
    if seconds is None:
        raise UsageError(f'"{_short(text)}" is not a rate: use one like 5Mi/s, 10Mi/m or 300Mi/h')
    return parse_bytes(amount) / seconds


def parse_duration_ms(text: str) -> int:
    """Milliseconds of a duration such as `90s`, `1m30s` or `500ms`; raises UsageError."""
    stripped = text.strip()
    parts = list(_DURATION.finditer(stripped))
    if stripped.startswith("-") and _DURATION.match(stripped[1:]):
        raise UsageError(f'"{text}" is less than 0: a duration must be more than 0')
    if not parts or "".join(part.group() for part in parts) != stripped:
        is_number = stripped.isascii() and stripped.isdigit() and len(stripped) <= 9
        hint = f", like {stripped}s" if is_number and int(stripped) > 0 else ", like 30s or 1m30s"
        raise UsageError(f'"{text}" is not a duration: use a number and a unit{hint}')
    value_ms = sum(Decimal(part["number"]) * _DURATION_UNITS_MS[part["unit"]] for part in parts)
    if value_ms > LONGEST_MS:
        raise UsageError(f'"{_short(text)}" is longer than a year')
    return int(value_ms)


def format_bytes(value: int | None) -> str:
    """Bytes for a person: `62.4 MiB`; `-` where there is no value."""
    if value is None:
        return "-"
    sign, rest = ("-", -value) if value < 0 else ("", value)
    if rest < 1024:
        return f"{sign}{rest} B"
    for unit, shift in (("KiB", 10), ("MiB", 20), ("GiB", 30)):
        shown = f"{rest / (1 << shift):.1f}"
        if float(shown) < 1024:
            return f"{sign}{shown} {unit}"
    return f"{sign}{rest / (1 << 40):.1f} TiB"


def format_quantity(value: int) -> str:
    """Bytes as the shortest exact Kubernetes quantity: `50Mi`, `52428801`."""
    for suffix, shift in (("Gi", 30), ("Mi", 20), ("Ki", 10)):
        if value and value % (1 << shift) == 0:
            return f"{value >> shift}{suffix}"
    return str(value)


def format_duration(value_ms: int) -> str:
    """Milliseconds for a person: `1m30s`, `20s`, `0.4s`."""
    if value_ms < 1_000 or (value_ms < 10_000 and value_ms % 1_000):
        return f"{value_ms / 1_000:.1f}s"
    seconds = round(value_ms / 1_000)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    text = (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes else "")
    return text + (f"{seconds % 60}s" if seconds % 60 or not text else "")
