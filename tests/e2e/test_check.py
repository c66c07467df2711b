"""What `check` says beforehand is what the node then says, and it leaves no trace."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.plugin import Done, Plugin
from tests.e2e.pods import Pods, hello, pod

MIB = 1 << 20


def facts(done: Done) -> dict[str, Any]:
    (entry,) = json.loads(done.shown)["targets"]
    return dict(entry["facts"])


def test_e07_check_tells_beforehand_what_a_kill_will_be_and_attaches_nothing(
    plugin: Plugin, pods: Pods, flavour: str
) -> None:
    pods.create(hello(flavour))
    name = pods.name_of("hello")
    before = pods.get(name)

    done = plugin("check", "deploy/hello", "-o=json")
    after = pods.get(name)
    probed = facts(plugin("check", "deploy/hello", "--probe", "-o=json"))

    assumed = facts(done)
    assert done.exit_code == 0
    assert after["spec"] == before["spec"]
    assert "ephemeralContainerStatuses" not in after["status"]
    assert "each kill is one restart" in assumed["at_the_limit"]["text"]
    assert assumed["cgroup_version"]["known"] == "assumed"
    assert assumed["first_victim"]["known"] == "unknown"
    assert probed["cgroup_version"] == {
        "value": int(flavour[1]), "text": flavour, "known": "read",
    }  # fmt: skip
    whole = "kill the whole container with it" in probed["at_the_limit"]["text"]
    assert whole is (flavour == "v2")
    assert probed["oom_score_adj"]["value"] == pods.memory(name).first_process().oom_score_adj
    assert len(pods.holders(name)) == 1


@pytest.mark.long
def test_check_shows_each_missing_permission_and_what_a_run_would_end_with(
    plugin: Plugin, pods: Pods
) -> None:
    pods.create(pod("v2", limit=None))
    developer = Plugin(plugin.environment, (*plugin.options, "--context=developer"))
    pods.kubectl("create", "rolebinding", "view", "--clusterrole=view", "--user=developer")

    denied = developer("check", "app")
    unlimited = plugin("check", "app")

    assert denied.exit_code == 1
    assert "get pods                        yes" in denied.stdout
    assert "patch pods/ephemeralcontainers  no" in denied.stdout
    assert f"kubectl stress role -n {pods.namespace}" in denied.stdout
    assert unlimited.exit_code == 5
    assert "--force" in unlimited.stdout
    assert pods.holders("app") == []
