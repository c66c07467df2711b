"""Apps with a breaking point, and what a search for it must find."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.cluster.images import HELLO
from tests.e2e.plugin import Done, Plugin
from tests.e2e.pods import Pods, pod, wait_until

MIB = 1 << 20
LIMIT_MIB = 128
LIMIT = LIMIT_MIB * MIB
TOLERANCE = LIMIT * 2 // 100
# How the app fails from its breaking point on, and the mark that a search gives it.
MARKS = {"unready": "readiness-lost", "exit": "crashed", "oom": "oom", "slow": "slow"}
# What sees that it fails, where its probes do not.
OPTIONS = {"slow": ("--health-url=/healthz:8080", "--max-latency=1500ms", "--level-hold=9s")}


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
        env = {"HELD_MIB": str(LIMIT_MIB - self.at_mib)} if self.how == "oom" else self._breaks
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
    def _breaks(self) -> Mapping[str, str]:
        return {
            "BREAK_AT_MIB": str(self.at_mib),
            "BREAK_HOW": self.how,
            "BREAK_ODDS": str(self.odds),
        }


@dataclass(frozen=True)
class Searched:
    """A search of an app that is there, and what the node said of its memory before."""

    breaking: Breaking
    done: Done
    usage_bytes: int
    anon_bytes: int

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
        assert low - resolution <= answer["survived_bytes"], (low, answer)
        assert answer["failed_bytes"] <= high + resolution, (high, answer)
        most = resolution if answer["flaky_bytes"] is None else 2 * resolution
        assert answer["failed_bytes"] - answer["survived_bytes"] <= most

    def _expected(self) -> tuple[int, int]:
        """Between which ballasts it breaks: the kernel may reclaim what is not anonymous."""
        if self.breaking.how == "oom":
            return LIMIT - self.usage_bytes, LIMIT - self.anon_bytes
        boundary = self.breaking.at_mib * MIB - self.anon_bytes
        return boundary, boundary


def search(
    pods: Pods, plugin: Plugin, breaking: Breaking, flavour: str, *options: str, name: str = "app"
) -> Searched:
    """Make the app, and search; afterwards it is ready and holds what it did."""
    pods.create(breaking.manifest(flavour, name))
    memory = pods.memory(name)
    usage, anon = memory.usage_bytes(), memory.anon_bytes()
    own = OPTIONS.get(breaking.how, ("--level-hold=5s",))
    done = plugin("find-limit", name, "--yes", "-o", "json", *own, *options)
    pods.wait_until_ready(name)
    wait_until(
        "its memory is as before",
        lambda: abs(pods.memory(name).anon_bytes() - anon) <= TOLERANCE,
    )
    return Searched(breaking, done, usage, anon)
