"""Apps with a breaking point, and what a search for it must find."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.cluster.images import HELLO
from tests.e2e.plugin import Done, Plugin
from tests.e2e.pods import Pods, pod

MIB = 1 << 20
LIMIT_MIB = 128
LIMIT = LIMIT_MIB * MIB
TOLERANCE = LIMIT * 2 // 100
# How the app fails from its breaking point on, and the mark that a search gives it.
MARKS = {"unready": "readiness-lost", "exit": "crashed", "oom": "oom", "slow": "slow"}
# What sees that it fails, where its probes do not.
_OPTIONS = {"slow": ("--health-url=/healthz:8080", "--max-latency=1500ms", "--level-hold=9s")}
_QUICK = ("--level-hold=5s",)
# On an emulated node a try takes 13 to 20 s, and a boundary that is a range up to 40 of them.
MOST_TIME, MOST_SECONDS = "--max-time=15m", 1_200
_SETTLED_S = 3


@dataclass(frozen=True)
class Breaking:
    """An app that fails in one way from `at_mib` of anonymous memory of its container on.

    One that is OOM-killed has no breaking point of its own: then it holds so much of the limit.
    """

    how: str
    at_mib: int
    odds: int = 100

    @classmethod
    def drawn(cls, draw: random.Random, how: str) -> Breaking:
        """One with a breaking point that is drawn."""
        return cls(how, draw.randrange(LIMIT_MIB * 3 // 10, LIMIT_MIB * 8 // 10))

    def manifest(self, flavour: str, name: str) -> dict[str, Any]:
        """The pod; its probes see within 3 s that it has failed."""
        env = {"HELD_MIB": str(self.held_mib)} if self.how == "oom" else self._breaks
        probe = {
            "httpGet": {"path": "/healthz", "port": 8080},
            "periodSeconds": 1,
            "timeoutSeconds": 10 if self.how == "slow" else 1,
            "failureThreshold": 2,
        }
        return pod(
            flavour,
            name=name,
            image=HELLO,
            limit=f"{LIMIT_MIB}Mi",
            env=[{"name": key, "value": value} for key, value in env.items()],
            readinessProbe=probe,
        )

    @property
    def held_mib(self) -> int:
        """How much it holds for good."""
        return LIMIT_MIB - self.at_mib if self.how == "oom" else 0

    @property
    def words(self) -> tuple[str, ...]:
        """The options of a search for it."""
        return (*_OPTIONS.get(self.how, _QUICK), MOST_TIME)

    @property
    def _breaks(self) -> Mapping[str, str]:
        return {
            "BREAK_AT_MIB": str(self.at_mib),
            "BREAK_HOW": self.how,
            "BREAK_ODDS": str(self.odds),
        }


@dataclass(frozen=True)
class Held:
    """What an unloaded container holds, by its node; `app_bytes` is the app's own."""

    restarts: int
    usage_bytes: int
    anon_bytes: int
    app_bytes: int

    @classmethod
    def by(cls, pods: Pods, name: str) -> Held:
        """One reading."""
        restarts, memory = pods.status(name)["restartCount"], pods.memory(name)
        return cls(restarts, memory.usage_bytes(), memory.anon_bytes(), memory.app_anon_bytes())

    @classmethod
    def settled(cls, pods: Pods, name: str, *, seconds: float = 60) -> Held:
        """A reading that the one before agrees with: what has just started still grows."""
        deadline, now = time.monotonic() + seconds, cls.by(pods, name)
        while True:
            time.sleep(_SETTLED_S)
            before, now = now, cls.by(pods, name)
            if abs(now.anon_bytes - before.anon_bytes) * 2 < TOLERANCE:
                return now
            assert time.monotonic() < deadline, f"still from {before} to {now} after {seconds} s"


@dataclass(frozen=True)
class Searched:
    """A search of an app that is there, and what the node said of its memory before and after."""

    breaking: Breaking
    done: Done
    before: Held
    after: Held

    @property
    def found(self) -> dict[str, Any]:
        """The answer of `-o json`."""
        return self.done.report

    def refuse_wrong_answer(self, resolution: int) -> None:
        """The boundary lies within the resolution of where the app breaks.

        Where tries disagreed in between, its middle does.
        """
        answer = self.found["answer"]
        assert answer["kind"] == "found", self.done.stderr
        assert answer["cause"] == MARKS[self.breaking.how], self.done.stderr
        low, high = self._expected()
        known = (low, high, answer, self.before, self.after, self.done.stderr)
        assert low - resolution <= answer["survived_bytes"], known
        assert answer["failed_bytes"] <= high + resolution, known
        most = resolution if answer["flaky_bytes"] is None else 2 * resolution
        assert answer["failed_bytes"] - answer["survived_bytes"] <= most, known

    def refuse_what_is_left(self) -> None:
        """Nothing of a load is left beside the app, which holds what it did.

        After a restart its container holds what the new process has taken, and nothing else.
        """
        known = (self.before, self.after, self.done.stderr)
        assert self.after.anon_bytes - self.after.app_bytes <= TOLERANCE, known
        assert self.after.app_bytes >= self.breaking.held_mib * MIB, known
        if self.after.restarts == self.before.restarts:
            assert abs(self.after.anon_bytes - self.before.anon_bytes) <= TOLERANCE, known

    def _expected(self) -> tuple[int, int]:
        """Between which ballasts it breaks, by the most and the least that it held without one.

        Before an OOM kill the kernel may reclaim what is not anonymous.
        """
        before, after = self.before, self.after
        least = min(before.anon_bytes, after.anon_bytes)
        if self.breaking.how == "oom":
            return LIMIT - max(before.usage_bytes, after.usage_bytes), LIMIT - least
        at = self.breaking.at_mib * MIB
        return at - max(before.anon_bytes, after.anon_bytes), at - least


def search(pods: Pods, plugin: Plugin, breaking: Breaking, flavour: str, *options: str) -> Searched:
    """Make the app, and search it."""
    pods.create(breaking.manifest(flavour, "app"))
    return search_again(pods, plugin, breaking, *options)


def search_again(
    pods: Pods, plugin: Plugin, breaking: Breaking, *options: str, before: Held | None = None
) -> Searched:
    """Search an app that is there; afterwards it is ready and holds nothing but its own.

    `before` was read where a search of it has begun already.
    """
    before = before or Held.by(pods, "app")
    words = ("find-limit", "app", "--yes", "-o", "json", *breaking.words, *options)
    done = plugin(*words, seconds=MOST_SECONDS)
    pods.wait_until_ready("app")
    searched = Searched(breaking, done, before, Held.settled(pods, "app"))
    searched.refuse_what_is_left()
    return searched
