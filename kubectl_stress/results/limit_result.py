"""The result of a search for a limit, and its JSON form. Pure: no I/O.

`SCHEMA` names the shape; it changes when a key goes or changes its meaning, not when one is added.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from kubectl_stress.plan.limit_patch import LimitPatch
from kubectl_stress.results.limit_keys import with_units
from kubectl_stress.search.answer import Answer
from kubectl_stress.search.ballasts import ballast_of
from kubectl_stress.search.confidence import PERCENT, Confidence, confidence
from kubectl_stress.search.recommendation import Recommendation, recommendation
from kubectl_stress.search.settings import SearchSettings
from kubectl_stress.search.tries import Try
from kubectl_stress.search.units import Searched
from kubectl_stress.targets.target import Target

SCHEMA = "kubectl-stress/limit/v1"


@dataclass(frozen=True)
class LimitResult:
    """A finished search; `usage` is the container's own before it.

    `expected` is the level that `--expect-at-least` asks for, `notes` what was seen
    before any load.
    """

    target: Target
    settings: SearchSettings
    tries: tuple[Try, ...]
    answer: Answer
    usage: int | None = None
    patches: tuple[LimitPatch, ...] = ()
    expected: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def recommendation(self) -> Recommendation | None:
        """The limit that follows; None where there is no number."""
        return recommendation(self.answer, self.settings, self.tries)

    @property
    def confidence(self) -> Confidence | None:
        """How sure the boundary is; None where there is no number."""
        return confidence(self.answer, self.tries)

    @property
    def is_as_expected(self) -> bool | None:
        """Whether so high a level was survived; None where nothing was expected, or nobody knows.

        A range may answer it without a number: what was asked for may lie outside of it.
        """
        if self.expected is None:
            return None
        survived, failed = self.answer.survived, self.answer.failed
        if self.answer.has_number:
            return survived is not None and survived >= self.expected
        return False if failed is not None and failed <= self.expected else None

    @property
    def exit_code(self) -> int:
        """0 found; 3 less was survived than expected; 4 flaky or inconclusive."""
        if self.is_as_expected is False:
            return 3
        return 0 if self.answer.has_number else 4

    @property
    def restarts(self) -> int:
        """Restarts of the container under all tries."""
        return sum(one.restarts for one in self.tries)

    @property
    def first_ms(self) -> int:
        """When the first try began, by the node's wall clock; 0 without one."""
        return min((one.time_ms for one in self.tries if one.time_ms), default=0)

    @property
    def last_ms(self) -> int:
        """When the last try ended, by the node's wall clock."""
        ends = (one.time_ms + one.took_ms - one.recovery_ms for one in self.tries if one.time_ms)
        return max(ends, default=0)

    def to_dict(self) -> dict[str, Any]:
        """The result for `-o json` and `-o yaml`; the names of amounts end with their unit."""
        found, answer, target = self.recommendation, self.answer, self.target
        resource, suffix = self.settings.resource, self.settings.unit.suffix
        return {
            "schema": SCHEMA,
            "target": {
                "namespace": target.namespace,
                "pod": target.pod,
                "container": target.container,
                "node": target.node,
                f"limit_{suffix}": ballast_of(resource).limit(target),
                f"request_{suffix}": ballast_of(resource).request(target),
                f"usage_{suffix}": self.usage,
            },
            "settings": settings_dict(self.settings),
            "answer": with_units(_plain(asdict(answer)), resource),
            f"minimal_limit_{suffix}": found.minimal if found else None,
            f"recommended_limit_{suffix}": found.recommended if found else None,
            "arithmetic": found.arithmetic if found else None,
            "patches": [patch_dict(patch) for patch in self.patches],
            f"expected_{suffix}": self.expected,
            "is_as_expected": self.is_as_expected,
            "confidence": _confidence_dict(self.confidence),
            "restarts": self.restarts,
            "notes": list(self.notes),
            "first_time_ms": self.first_ms or None,
            "last_time_ms": self.last_ms or None,
            "tries": [try_dict(one, resource) for one in self.tries],
        }


def _confidence_dict(found: Confidence | None) -> dict[str, Any] | None:
    return None if found is None else {"percent": PERCENT, **asdict(found)}


def settings_dict(settings: SearchSettings) -> dict[str, Any]:
    """What was asked for."""
    return with_units(_plain(asdict(settings)), settings.resource)


def try_dict(one: Try, resource: Searched) -> dict[str, Any]:
    """One try."""
    return with_units(_plain(asdict(one)), resource)


def patch_dict(patch: LimitPatch) -> dict[str, Any]:
    """A patch, and the command that applies it."""
    return {
        "command": patch.command,
        "kind": patch.kind,
        "name": patch.name,
        "subresource": patch.subresource or None,
        "patch": dict(patch.body),
        "dry_run": patch.state.value,
        "why": patch.why or None,
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value.value if isinstance(value, Enum) else value for key, value in values.items()}
