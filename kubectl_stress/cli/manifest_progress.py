"""Says how far the manifests are read, where that takes more than a second."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubectl_stress.manifest.manifests import Step

_SAY_AFTER_MS, _SAY_EVERY_MS = 1_000, 5_000


class ManifestProgress:
    """Hears of each step, and says every few seconds how many there were of each kind."""

    def __init__(self, say: Callable[[str], None], now_ms: Callable[[], int]) -> None:
        self._say, self._now_ms = say, now_ms
        self._due_ms = now_ms() + _SAY_AFTER_MS
        self._counts: dict[str, int] = {}

    def __call__(self, step: "Step") -> None:
        self._counts[step.value] = self._counts.get(step.value, 0) + 1
        now_ms = self._now_ms()
        if now_ms >= self._due_ms:
            self._due_ms = now_ms + _SAY_EVERY_MS
            counts = ", ".join(f"{count} {word}" for word, count in self._counts.items())
            self._say(f"reading manifests: {counts}")
