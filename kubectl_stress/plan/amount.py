"""A size as asked for: so many bytes, or a share of something. Pure."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from kubectl_stress.errors import UsageError
from kubectl_stress.quantity import parse_bytes, parse_millicores


class ShareBase(Enum):
    """What a percentage is a share of."""

    LIMIT = "limit"
    REQUEST = "request"
    HEADROOM = "headroom"
    NODE = "node"


_LARGEST_PERCENT = 100_000
# A size, a share of the limit, or a size below it; whether the size is one, its parser says.
_LEVEL = re.compile(r"-?[\d.]+%(?:limit)?|(?:limit-)?[+-]?[\d.]+[A-Za-z\d+-]*", re.ASCII)
_SHARE = re.compile(r"(?P<number>-?\d+(?:\.\d+)?)%(?P<base>[a-z]*)", re.ASCII)


@dataclass(frozen=True)
class Amount:
    """A size as asked for: `percent` of `base`, or absolute. A total over all workers.

    Absolute memory is in bytes, absolute CPU time in thousandths of a CPU.
    """

    text: str
    absolute_bytes: int | None = None
    percent: Decimal | None = None
    base: ShareBase | None = None
    absolute_millicores: float | None = None
    below_limit_bytes: int | None = None  # a level this far below the limit

    @classmethod
    def parse(cls, text: str) -> "Amount":
        """`50Mi`, `60%` (of the limit), `60%request`, `60%headroom`, `60%node`; UsageError."""
        if "%" not in text:
            return cls(text, absolute_bytes=parse_bytes(text))
        return cls._share(text)

    @classmethod
    def parse_level(cls, text: str) -> "Amount":
        """`480Mi`, `95%` (of the limit) or `limit-20Mi`; UsageError."""
        if _LEVEL.fullmatch(text.strip()) is None:
            raise UsageError(f'"{text}" is not a level: use one like 95%, 480Mi or limit-20Mi')
        if text.strip().startswith("limit-"):
            below = parse_bytes(text.strip().removeprefix("limit-"))
            return cls(text, below_limit_bytes=below)
        return cls.parse(text)

    @classmethod
    def parse_cpu(cls, text: str) -> "Amount":
        """`500m`, `1.5`, `60%` (of the limit), `60%request`, `60%node`; UsageError."""
        if "%" not in text:
            return cls(text, absolute_millicores=parse_millicores(text))
        share = cls._share(text)
        if share.base is ShareBase.HEADROOM:
            raise UsageError(f'"{text}": a CPU has no headroom; use 60%, 60%request or 60%node')
        return share

    @classmethod
    def _share(cls, text: str) -> "Amount":
        match = _SHARE.fullmatch(text.strip())
        if match is None:
            raise UsageError(
                f'"{text}" is not a percentage: use one like 60%, 60%request or 60%node'
            )
        try:
            base = ShareBase(match["base"] or "limit")
        except ValueError:
            known = ", ".join(base.value for base in ShareBase)
            raise UsageError(
                f'"{match["base"]}" is not a base of a percentage (valid: {known})'
            ) from None
        return cls(text, percent=_percent(text, Decimal(match["number"]), base), base=base)

    def is_less_than(self, other: "Amount") -> bool:
        """Whether it is; False where they have not the same base."""
        if self.percent is not None and other.percent is not None:
            return self.base is other.base and self.percent < other.percent
        if self.absolute_bytes is not None and other.absolute_bytes is not None:
            return self.absolute_bytes < other.absolute_bytes
        if self.absolute_millicores is not None and other.absolute_millicores is not None:
            return self.absolute_millicores < other.absolute_millicores
        if self.below_limit_bytes is not None and other.below_limit_bytes is not None:
            return self.below_limit_bytes > other.below_limit_bytes
        return False

    @property
    def is_absolute(self) -> bool:
        """Whether it is a share of nothing."""
        return self.percent is None and self.below_limit_bytes is None

    def of(self, base_bytes: int) -> int:
        """The size in whole bytes where this amount is a share of `base_bytes`; may be 0."""
        assert self.percent is not None
        return int(self.percent * base_bytes / 100)


def _percent(text: str, percent: Decimal, base: ShareBase) -> Decimal:
    if percent > _LARGEST_PERCENT:
        raise UsageError(
            f"a percentage of more than {_LARGEST_PERCENT}%: give less, or an absolute amount"
        )
    if percent <= 0:
        raise UsageError(f'"{text}" is nothing: must be more than 0%')
    if base is ShareBase.NODE and percent > 100:
        raise UsageError(f'"{text}" is more than the whole node: use at most 100%node')
    return percent
