"""`kubectl stress find-limit` as a person uses it: what it prints, keeps, refuses and ends with."""

import json
from pathlib import Path

import pytest

from kubectl_stress.search.tries import Mark
from tests.builders.pods import MIB
from tests.builders.scene import web
from tests.builders.simulated_app import Fails, breaks_at
from tests.cli.conftest import CommandLine
from tests.fakes.breaking_pod import BreakingPod

OOM = breaks_at(70 * MIB, Mark.OOM)
FIND = ("find-limit", "web", "--yes", "--level-hold", "1s")


@pytest.fixture
def breaks(kubectl_stress: CommandLine) -> CommandLine:
    return with_app(kubectl_stress, OOM)


def with_app(kubectl_stress: CommandLine, fails: Fails) -> CommandLine:
    kubectl_stress.cluster = BreakingPod(web(), fails)
    return kubectl_stress


def ballasts(kubectl_stress: CommandLine) -> list[int]:
    assert isinstance(kubectl_stress.cluster, BreakingPod)
    return kubectl_stress.cluster.ballasts


def test_the_answer_is_printed_with_its_arithmetic_and_a_patch(
    breaks: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert breaks(*FIND) == 0

    out = capsys.readouterr().out
    assert "ANSWER  found: 69.7 MiB of ballast survived, 72.3 MiB did not: oom" in out
    assert "recommended limit 70Mi: 128.0 MiB - 69.7 MiB = 58.3 MiB" in out
    assert "95% sure: at 69.7 MiB at most " in out
    assert "patch of pod/web (passed a server-side dry run; not applied):" in out
    assert "    kubectl patch pod web -n default --subresource resize --patch '{" in out


def test_the_price_is_said_and_needs_a_yes(
    breaks: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert breaks("find-limit", "web") == 5

    captured = capsys.readouterr()
    assert "the search takes about 16 tries, up to 9m (--max-time 30m)" in captured.err
    assert "pass --yes to confirm" in captured.err
    assert ballasts(breaks) == []


def test_each_try_is_one_line(breaks: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    assert breaks(*FIND) == 0

    lines = capsys.readouterr().err.splitlines()
    first = next(number for number, line in enumerate(lines) if "try 1 of about" in line)
    assert lines[first].endswith("12.8 MiB of ballast (10% of the limit): fits")
    tried = [line for line in lines[first:] if "s  try " in line]
    assert tried == lines[first:]
    assert len(tried) == len(ballasts(breaks))
    assert tried[-1].endswith("72.3 MiB of ballast (56% of the limit) again: does not fit: oom")


def test_the_price_is_said_once(breaks: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    assert breaks("find-limit", "web") == 5
    assert capsys.readouterr().err.count("the search takes about") == 1

    assert breaks(*FIND) == 0
    assert capsys.readouterr().err.count("the search takes about") == 1


def test_events_that_may_not_be_read_are_noted(
    breaks: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    breaks.cluster.denied = {"list events": ""}

    assert breaks(*FIND) == 0
    assert "note: continuing without events (list events not allowed)" in capsys.readouterr().err


def test_a_copy_is_searched_and_the_patch_is_of_the_pod_itself(
    breaks: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert breaks(*FIND, "--copy", "-o", "json") == 0

    found = json.loads(capsys.readouterr().out)
    (created,) = breaks.cluster.created_pods
    assert found["target"]["pod"] == created["metadata"]["name"]
    assert [patch["name"] for patch in found["patches"]] == ["web"]
    assert list(breaks.cluster.pods) == ["web"]


def test_ctrl_c_while_a_copy_is_removed_costs_no_answer(
    breaks: CommandLine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_asked: object, **_given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(breaks.cluster, "delete_pod", interrupted)

    assert breaks(*FIND, "--copy") == 130
    assert "ANSWER  found: 69.7 MiB of ballast survived" in capsys.readouterr().out


def test_json_has_the_curve_in_bytes(
    breaks: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert breaks(*FIND, "-o", "json", "-q") == 0

    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "kubectl-stress/limit/v1"
    assert found["answer"]["kind"] == "found"
    assert found["answer"]["cause"] == "oom"
    assert found["minimal_limit_bytes"] == 128 * MIB - found["answer"]["survived_bytes"]
    assert found["recommended_limit_bytes"] % MIB == 0
    assert {one["mark"] for one in found["tries"]} == {"fits", "oom"}
    assert found["patches"][0]["dry_run"] == "passed"


@pytest.mark.parametrize("output", ["table", "wide", "yaml", "csv", "markdown", "junit", "html"])
def test_every_format_has_the_answer(
    breaks: CommandLine, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    assert breaks(*FIND, "-o", output, "-q") == 0

    assert "oom" in capsys.readouterr().out


@pytest.mark.parametrize(("least", "code"), [("60Mi", 0), ("100Mi", 3)])
def test_3_less_was_survived_than_expected(breaks: CommandLine, least: str, code: int) -> None:
    assert breaks(*FIND, "--expect-at-least", least, "-q") == code


def test_4_a_flaky_app_gets_no_number(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    turns = iter([Mark.OOM, None] * 50)
    found = with_app(kubectl_stress, lambda ballast: next(turns) if ballast > MIB else None)

    assert found(*FIND, "-q", "-o", "json") == 4
    answer = json.loads(capsys.readouterr().out)
    assert answer["answer"]["kind"] == "flaky"
    assert answer["recommended_limit_bytes"] is None


def test_a_search_that_was_killed_is_gone_on_with(
    breaks: CommandLine, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "search.jsonl"
    assert breaks(*FIND, "--record", str(path), "-o", "json", "-q") == 0
    whole, made = json.loads(capsys.readouterr().out), len(ballasts(breaks))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:6]) + lines[6][:20])  # killed while it wrote its sixth try

    assert with_app(breaks, OOM)(*FIND, "--resume", str(path), "-o", "json", "-q") == 0

    resumed = json.loads(capsys.readouterr().out)
    assert resumed["answer"] == whole["answer"]
    assert len(ballasts(breaks)) == made - 5
    assert len(path.read_bytes().splitlines()) == len(lines)
    assert breaks("report", str(path), "-o", "json") == 0
    assert json.loads(capsys.readouterr().out)["answer"] == whole["answer"]


def test_a_record_that_breaks_off_is_reported_without_an_answer(
    breaks: CommandLine, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "search.jsonl"
    assert breaks(*FIND, "--record", str(path), "-q") == 0
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:4]))

    capsys.readouterr()
    assert breaks("report", str(path)) == 4
    assert "its record breaks off" in capsys.readouterr().out


def test_a_record_of_another_limit_is_refused(
    breaks: CommandLine, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "search.jsonl"
    assert breaks(*FIND, "--record", str(path), "-q") == 0
    record = path.read_text().replace('"limit_bytes":134217728', '"limit_bytes":67108864')
    path.write_text(record)

    assert breaks(*FIND, "--resume", str(path), "-q") == 2
    assert "begin a new one" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--stop-before", "oom"), "begun otherwise: leave out --stop-before, or begin a new one"),
        (("--attempts", "5", "--resolution", "4Mi"), "leave out --resolution, --attempts, or"),
        (("--health-url", "/:8080"), "did not check the app's health: leave out --health-url"),
    ],
)
def test_a_search_goes_on_as_it_was_begun_or_not_at_all(
    breaks: CommandLine,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    words: tuple[str, ...],
    message: str,
) -> None:
    path = tmp_path / "search.jsonl"
    assert breaks(*FIND, "--record", str(path), "-q") == 0
    made = len(ballasts(breaks))

    assert breaks(*FIND, "--resume", str(path), *words) == 2

    assert message in capsys.readouterr().err
    assert len(ballasts(breaks)) == made


def test_a_search_that_asked_for_the_apps_health_goes_on_asking(
    breaks: CommandLine, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "search.jsonl"
    assert breaks(*FIND, "--record", str(path), "-q") == 0
    path.write_text(path.read_text().replace('"latency_ms":null', '"latency_ms":12'))

    assert breaks(*FIND, "--resume", str(path), "-q") == 2
    assert "give its --health-url or --health-command again" in capsys.readouterr().err


def test_what_costs_no_try_may_be_asked_for_anew(
    breaks: CommandLine, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "search.jsonl"
    assert breaks(*FIND, "--record", str(path), "-q", "--margin", "50%") == 0
    capsys.readouterr()

    for words, limit in (((), 88), (("--margin", "0%"), 59)):
        assert breaks(*FIND, "--resume", str(path), "-q", *words) == 0
        assert f"recommended limit {limit}Mi" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--join", "pod"), "does not meet the container's limit"),
        (("--resolution", "20%"), "at most 10% of the limit"),
        (("--resolution", "2%node"), "a percentage of the limit"),
        (("--margin", "lots"), "give a percentage"),
        (("--margin", "9" * 5_000), "give a percentage"),
        (("--margin", "٣%"), "give a percentage"),
        (("--level-hold", "10ms"), "at least 1s"),
        (("--record", "a", "--resume", "b"), "leave out --record"),
        (("--expect-at-least", "200Mi"), "more than the limit 128.0 MiB"),
    ],
)
def test_2_what_cannot_be_meant_is_refused(
    breaks: CommandLine, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert breaks("find-limit", "web", *words) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code"), [(("--margin", "lots"), 2), (("--expect-at-least", "200Mi"), 2), ((), 5)]
)
def test_what_no_search_can_be_is_refused_before_a_copy_is_created(
    breaks: CommandLine, words: tuple[str, ...], code: int
) -> None:
    if not words:
        del breaks.cluster.pods["web"]["spec"]["containers"][0]["resources"]

    assert breaks(*FIND, "--copy", *words) == code
    assert breaks.cluster.created_pods == []


def test_a_container_without_a_limit_is_refused(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    del kubectl_stress.cluster.pods["web"]["spec"]["containers"][0]["resources"]

    assert kubectl_stress("find-limit", "web") == 5
    err = capsys.readouterr().err
    assert "has no memory limit, below which to search: set one first" in err
    assert "--force" not in err


def test_a_url_without_the_right_to_forward_ports_is_refused_before_anything_is_added(
    breaks: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    breaks.cluster.denied["create pods/portforward"] = ""

    assert breaks(*FIND, "--health-url", "/:8080") == 1

    err = capsys.readouterr().err
    assert 'missing permission in namespace "default": create pods/portforward' in err
    assert '"kubectl stress role -n default --port-forward"' in err
    assert "add ephemeral container" not in breaks.cluster.asked


def test_what_no_kubelet_starts_again_is_asked_about(
    breaks: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    breaks.cluster.pods["web"]["spec"]["restartPolicy"] = "Never"

    assert breaks("find-limit", "web") == 5
    assert "is not restarted once it ends (restartPolicy Never)" in capsys.readouterr().err
    assert ballasts(breaks) == []
    breaks("find-limit", "web", "--stop-before", "oom")
    assert "restartPolicy" not in capsys.readouterr().err


def test_a_level_hold_that_no_probe_can_fail_in_is_noted(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    probed = web()
    probed.dict["spec"]["containers"][0]["readinessProbe"] = {"periodSeconds": 10}
    kubectl_stress.cluster = BreakingPod(probed, OOM)

    kubectl_stress("find-limit", "web", "--level-hold", "5s")

    assert "the probes take up to 31s to fail" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "hold_ms"),
    [
        ((), 33_000),
        (("--health-command", "true", "--max-latency", "20s"), 63_000),
        (("--level-hold", "4s"), 4_000),
    ],
)
def test_a_level_is_held_until_probes_and_checks_can_have_failed(
    kubectl_stress: CommandLine,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    hold_ms: int,
) -> None:
    probed = web()
    probed.dict["spec"]["containers"][0]["readinessProbe"] = {"periodSeconds": 10}
    kubectl_stress.cluster = BreakingPod(probed, OOM)

    assert kubectl_stress("find-limit", "web", "--yes", "-q", "-o", "json", *words) == 0
    assert json.loads(capsys.readouterr().out)["settings"]["hold_ms"] == hold_ms
