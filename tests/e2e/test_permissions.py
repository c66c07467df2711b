"""The Role that the plugin prints is enough, and no less is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.plugin import Plugin
from tests.e2e.pods import Pods, hello, pod
from tests.e2e.test_refusals import assert_refused
from tests.selection.sample import sampled

Change = Callable[[list[dict[str, Any]]], None]


def bind_printed_role(plugin: Plugin, pods: Pods, change: Change = lambda _rules: None) -> None:
    """Apply the Role that `kubectl stress role` prints and bind it to the developer."""
    role = json.loads(plugin("role", "-o=json").shown)
    change(role["rules"])
    pods.kubectl("apply", "-f", "-", stdin=json.dumps(role))
    name = role["metadata"]["name"]
    pods.kubectl("create", "rolebinding", name, f"--role={name}", "--user=developer")


def without(resource: str, *verbs: str) -> Change:
    """Take a resource, or some verbs on it, out of a Role."""

    def change(rules: list[dict[str, Any]]) -> None:
        rule = next(rule for rule in rules if rule["resources"] == [resource])
        rule["verbs"] = [verb for verb in rule["verbs"] if verbs and verb not in verbs]
        if not rule["verbs"]:
            rules.remove(rule)

    return change


@pytest.fixture
def pods(shared: Pods) -> Iterator[Pods]:
    """One namespace for all, in which a test leaves nobody any right."""
    yield shared
    shared.kubectl("delete", "role,rolebinding", "--all")


@pytest.fixture
def developer(plugin: Plugin) -> Plugin:
    """Somebody with nothing but what a test gives him."""
    return Plugin(plugin.environment, (*plugin.options, "--context=developer"))


def test_the_printed_role_is_enough_in_a_namespace_that_enforces_restricted(
    plugin: Plugin, developer: Plugin, pods: Pods, flavour: str
) -> None:
    pods.enforce("restricted")
    app = f"hello-{flavour}"
    pods.create(hello(flavour, name=app))
    bind_printed_role(plugin, pods)
    options = ("--size=16Mi", "--duration=1s", "-o=json", "--yes")

    by_owner = developer("mem", f"deploy/{app}", *options)
    by_name = developer("mem", pods.name_of(app), *options)

    assert by_owner.report["verdict"]["outcome"] == "survived"
    assert by_name.report["verdict"]["outcome"] == "survived"
    assert by_name.report["memory"]["peak_load_bytes"] == 16 << 20


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        (without("pods/exec"), "get pods/exec, create pods/exec"),
        (without("pods/ephemeralcontainers"), "patch pods/ephemeralcontainers"),
        *sampled(
            [
                (without("pods/exec", "create"), "create pods/exec"),
                (without("pods", "watch"), "watch pods"),
            ],
            1,
        ),
    ],
)
def test_a_role_that_lacks_something_is_refused_before_anything_is_attached(
    plugin: Plugin, developer: Plugin, pods: Pods, change: Change, missing: str
) -> None:
    pods.create(pod("v2", name="refused"))
    bind_printed_role(plugin, pods, change)

    done = developer("mem", "refused", "--size=8Mi", "--duration=1s")

    assert_refused(done, 1, missing, f"kubectl stress role -n {pods.namespace}")
    assert pods.holders("refused") == []


@pytest.mark.parametrize(
    ("missing", "streams"),
    [
        ((), ["log", "exec"]),
        *sampled(
            [
                (("attach",), ["log", "exec"]),
                (("log",), ["attach", "exec"]),
                (("log", "attach"), ["exec", "exec"]),
            ],
            1,
        ),
    ],
)
def test_the_first_reading_is_taken_in_the_cheapest_way_that_the_role_allows(
    plugin: Plugin, developer: Plugin, pods: Pods, missing: tuple[str, ...], streams: list[str]
) -> None:
    name = "-".join(("read-without", *missing))
    pods.create(pod("v2", name=name))

    def change(rules: list[dict[str, Any]]) -> None:
        for part in missing:
            without(f"pods/{part}")(rules)

    bind_printed_role(plugin, pods, change)

    done = developer("mem", name, "--size=8Mi", "--duration=1s", "-o=json", "-v=6")

    assert done.report["verdict"]["outcome"] == "survived"
    asked = re.compile(rf"GET \S+/{name}/(log|attach|exec)\?\S* (?:101|200) ")
    assert asked.findall(done.stderr) == streams


def test_without_events_a_run_goes_on_and_says_so(
    plugin: Plugin, developer: Plugin, pods: Pods
) -> None:
    pods.create(pod("v2"))
    bind_printed_role(plugin, pods, without("events"))

    done = developer("mem", "app", "--size=8Mi", "--duration=1s", "-o=json")

    assert done.report["verdict"]["outcome"] == "survived"
    assert "without events" in done.stderr


def test_the_role_edit_alone_lacks_ephemeral_containers(developer: Plugin, pods: Pods) -> None:
    pods.create(pod("v2", name="refused"))
    binding = ("create", "rolebinding", "edit", "--clusterrole=edit", "--user=developer")
    pods.kubectl(*binding)

    done = developer("mem", "refused", "--size=8Mi")

    assert_refused(done, 1, "patch pods/ephemeralcontainers")
    assert pods.holders("refused") == []
