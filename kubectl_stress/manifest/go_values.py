"""Durations and sizes in the syntax that Chaos Mesh's libraries read. Pure.

Sources: Go's time.ParseDuration; github.com/dustin/go-humanize v1.1.0 ParseBytes, which memStress
takes sizes by; github.com/docker/go-units v0.5.0 FromHumanSize, by which the webhook admits them.
"""

import re
from decimal import Decimal, InvalidOperation

from kubectl_stress.errors import UsageError
from kubectl_stress.quantity import LONGEST_MS

_UNITS_NS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_NUMBER = r"\d+\.?\d*|\.\d+"
_PART = re.compile(rf"(?P<number>{_NUMBER})(?P<unit>[^\d.]+)", re.ASCII)
_OTHER_UNITS = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "min": "m", "mins": "m", "minute": "m", "minutes": "m",
    "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
}  # fmt: skip
_SIZE = re.compile(r"(?P<number>[\d.,]+)(?P<blank>\s*)(?P<suffix>[A-Za-z]*)", re.ASCII)
_POWERS = {letter: at for at, letter in enumerate("kmgtpe", start=1)}
_SUFFIX = re.compile(r"(?P<letter>[kmgtpe]?)(?P<binary>i?)(?P<byte>b?)")


def parse_duration_ms(written: str) -> int:
    """Milliseconds, cut off, of a Go duration such as `1h30m`; UsageError says how to write it."""
    text = written.removeprefix("+")
    parts = list(_PART.finditer(text))
    if text == "0":
        return 0
    if text.startswith("-"):
        raise UsageError(f'"{written}" is less than 0: a duration must be more than 0')
    if not parts or "".join(part.group() for part in parts) != text:
        hint = f"; write {text}s" if text.isdigit() else ", like 30s or 1m30s"
        raise UsageError(f'"{written}" is not a Go duration: a number and a unit{hint}')
    unknown = [part["unit"] for part in parts if part["unit"] not in _UNITS_NS]
    if unknown:
        raise UsageError(f'"{written}" is not a Go duration: {_instead(parts, unknown[0])}')
    total_ns = sum(Decimal(part["number"]) * _UNITS_NS[part["unit"]] for part in parts)
    if total_ns > LONGEST_MS * 1_000_000:
        raise UsageError(f'"{written}" is longer than a year')
    return int(total_ns) // 1_000_000


def _instead(parts: list[re.Match[str]], unknown: str) -> str:
    if len(parts) == 1 and unknown.strip() in ("d", "day", "days"):
        return f"it knows no days; write {int(Decimal(parts[0]['number']) * 24)}h"
    units = [part["unit"].strip().lower() for part in parts]
    known = [_OTHER_UNITS.get(unit, unit) for unit in units]
    if all(unit in _UNITS_NS for unit in known):
        better = "".join(part["number"] + unit for part, unit in zip(parts, known, strict=True))
        return f"write {better}"
    return f'unknown unit "{unknown.strip()}" (valid: h, m, s, ms)'


def parse_size(written: str) -> int:
    """Bytes, cut off, of a size as memStress takes it: KB is 1000 and KiB or Ki is 1024 bytes.

    Raises UsageError where it is none.
    """
    found = _SIZE.fullmatch(written)
    suffix = _SUFFIX.fullmatch(found["suffix"].lower()) if found else None
    if found is None or suffix is None or (suffix["binary"] and not suffix["letter"]):
        raise UsageError(f'"{written}" is not a size: write one like 50MiB, 1GiB or 50%')
    try:
        number = Decimal(found["number"].replace(",", ""))
    except InvalidOperation:
        raise UsageError(f'"{written}" is not a size: "{found["number"]}" is no number') from None
    power = _POWERS[suffix["letter"]] if suffix["letter"] else 0
    return int(number * (1024 if suffix["binary"] else 1000) ** power)


def refused_size_suffix(written: str) -> str | None:
    """What of a size the webhook refuses, though memStress reads it: Ki, Mi, Gi, EB, a comma."""
    found = _SIZE.fullmatch(written)
    assert found is not None
    suffix = found["suffix"].lower()
    if suffix[:1] == "e" or (suffix[1:] == "i"):
        return found["suffix"]
    return "," if "," in found["number"] else None


def has_blank(written: str) -> bool:
    """Whether chaos-daemon splits the size into two arguments."""
    return len(written.split()) > 1
