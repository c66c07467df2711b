"""What `check` and a dry run print, one form a format."""

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from kubectl_stress.errors import Refused
from kubectl_stress.formats.check_text import check_text, dry_run
from kubectl_stress.formats.names import FORMATS
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.decide import make_plan, summary
from kubectl_stress.plan.holder import ephemeral_container
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.plan.target_facts import PROBE_HINT, Fact, Known
from kubectl_stress.preflight.permissions import Answer, Permission
from kubectl_stress.results.check_result import Checkup, checkup_dict
from kubectl_stress.targets.owners import Owner
from tests.builders.loads import memory_load
from tests.builders.pods import plan, target

PATCH = {"spec": {"ephemeralContainers": [ephemeral_container(target(), HolderSpec("a:1"), "x")]}}
CHECKUP = Checkup(
    "pod/web",
    (Answer(Permission("get", "pods"), is_allowed=True),),
    "web",
    (Fact("limit_bytes", 1, "128.0 MiB"), Fact("processes", None, "word " * 30, Known.UNKNOWN)),
)


def progress(output: str, **values: Any) -> str:
    return dry_run(plan(**values), PATCH, CHECKUP, output)


def test_the_dry_run_is_a_sentence_what_check_finds_and_the_very_patch() -> None:
    sentence, permissions, found, patching = progress("table").split("\n\n")
    head, manifest = patching.split("\n", 1)

    assert sentence == (
        'would start: memory load of 50.0 MiB on container "app" of pod "web" in namespace '
        '"default" (limit 128.0 MiB, Burstable) for 1m'
    )
    assert permissions.splitlines()[1].split() == ["get", "pods", "yes"]
    assert found.splitlines()[1].split() == ["limit", "read", "128.0", "MiB"]
    assert head == "would patch pod/web (subresource ephemeralcontainers) with:"
    assert yaml.safe_load(manifest) == PATCH


def test_the_dry_run_tells_what_would_be_noted_and_asked() -> None:
    alone = target().__class__(**{**vars(target()), "owner": Owner("deployment", "web", 1)})

    text = progress("table", size="130%", target=alone)

    assert "\nnote: the size alone reaches the limit: expect an OOM kill" in text
    assert (
        "\nwill ask for confirmation (or pass --yes): deployment/web has a single replica" in text
    )


def test_the_dry_run_says_once_what_only_an_agent_can_read() -> None:
    unread = tuple(Fact(key, None, PROBE_HINT, Known.UNKNOWN) for key in ("usage_bytes", "swap"))
    checkup = replace(CHECKUP, facts=(*CHECKUP.facts, *unread))

    text = dry_run(plan(), PATCH, checkup, "table")

    assert text.count("--probe") == 1
    assert (
        "\nknown once the agent runs: usage, swap (kubectl stress check pod/web --probe reads them)"
    ) in text


def test_a_dry_run_that_is_confirmed_asks_nothing() -> None:
    alone = replace(target(), owner=Owner("deployment", "web", 1))

    text = dry_run(plan(size="130%", target=alone), PATCH, CHECKUP, "table", is_confirmed=True)

    assert "\nconfirmed by --yes: deployment/web has a single replica" in text


def test_the_dry_run_as_data_has_the_plan_the_check_and_the_patch() -> None:
    expected = {"plan": summary(plan()), "check": checkup_dict(CHECKUP), "patch": PATCH}

    assert json.loads(progress("json")) == expected
    assert json.loads(progress("jsonl")) == expected
    assert "\n" not in progress("jsonl")
    assert yaml.safe_load(progress("yaml")) == expected
    assert progress("name") == "pod/web"


@pytest.mark.parametrize("output", FORMATS)
def test_every_format_of_a_dry_run_leaves_the_last_newline_to_the_caller(output: str) -> None:
    assert progress(output) == progress(output).rstrip("\n") != ""


def test_workers_are_said_to_share_the_size() -> None:
    planned = make_plan(memory_load(Amount.parse("50Mi"), workers=2), target())

    text = dry_run(planned, PATCH, CHECKUP, "table")

    assert "note: the size is the total of all 2 workers: each holds 25.0 MiB" in text


@pytest.mark.parametrize("width", [60, 80, 160])
def test_long_facts_are_folded_under_their_column(width: int) -> None:
    text = check_text(CHECKUP, width=width)

    assert max(len(line) for line in text.splitlines()) <= width
    assert text.count("word") == 30


def test_what_is_in_the_way_stands_last() -> None:
    refused = Checkup("pod/web", (), "web", (), (), Refused("no limit"))

    assert check_text(refused).splitlines()[-1] == ("a run is not possible (exit code 5): no limit")
