"""The exit codes that `--help` documents, each met once and in each of its ways."""

import signal

import pytest

from kubectl_stress.errors import Forbidden, Rejected, Unreachable
from tests.builders.agent_lines import bye_line, hello_line, line, sample_line
from tests.builders.pods import pod
from tests.cli.conftest import CommandLine
from tests.fakes.stream import FakeStream

MEM = ("mem", "web", "--size", "50Mi")


@pytest.mark.parametrize("expected", [(), ("--expect", "survive"), ("--expect", "ready")])
def test_0_the_run_was_as_expected_or_nothing_was(
    kubectl_stress: CommandLine, expected: tuple[str, ...]
) -> None:
    assert kubectl_stress(*MEM, *expected) == 0


def test_1_there_is_no_such_pod(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl_stress("mem", "other", "--size", "50Mi") == 1
    assert capsys.readouterr().err == 'error: pod "other" not found in namespace "default"\n'


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("get pods", Unreachable("cannot reach the API server at https://x: no answer in time")),
        ("get pods", Forbidden('user "me" may not get pods: a Role that allows it is needed')),
        ("try ephemeral", Rejected('violates PodSecurity "restricted:latest"')),
        ("exec app", Unreachable("cannot reach the API server at https://x: connection refused")),
    ],
)
def test_1_the_cluster_said_no(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], call: str, error: Unreachable
) -> None:
    kubectl_stress.cluster.errors[call] = [error]

    assert kubectl_stress(*MEM, "-q") == 1
    assert capsys.readouterr().err.startswith(f"error: {error}")


def test_1_a_permission_is_missing(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress.cluster.denied = {"patch pods/ephemeralcontainers": ""}

    assert kubectl_stress(*MEM) == 1
    assert "kubectl stress role -n default" in capsys.readouterr().err


def test_1_the_agent_did_not_start(kubectl_stress: CommandLine) -> None:
    kubectl_stress.cluster.holder_states = [{"waiting": {"reason": "ErrImageNeverPull"}}]

    assert kubectl_stress(*MEM) == 1


def test_2_the_words_are_wrong(kubectl_stress: CommandLine) -> None:
    assert kubectl_stress("mem", "web", "--size", "50MB") == 2


def test_3_the_verdict_is_not_as_expected(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl_stress(*MEM, "--expect", "oom") == 3
    assert "NOT as expected (--expect oom)" in capsys.readouterr().out


def test_4_the_run_was_inconclusive(kubectl_stress: CommandLine) -> None:
    gave_up = line("error", code="rlimit-as", message="RLIMIT_AS is 1 GiB")
    kubectl_stress.cluster.load = (
        FakeStream()
        .says(hello_line() + sample_line() + gave_up + bye_line("no-memory", 11))
        .ends(11)
    )

    assert kubectl_stress(*MEM) == 4


def test_4_an_inconclusive_run_is_not_called_unexpected(kubectl_stress: CommandLine) -> None:
    ended = hello_line() + sample_line() + bye_line("no-memory", 11)
    kubectl_stress.cluster.load = FakeStream().says(ended).ends(11)

    assert kubectl_stress(*MEM, "--expect", "survive") == 4


def test_5_there_is_no_limit(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress.cluster.pods["web"] = pod().container("app").dict

    assert kubectl_stress(*MEM) == 5
    assert "--force" in capsys.readouterr().err
    assert kubectl_stress.cluster.added == []


def test_5_a_question_cannot_be_asked_without_a_terminal(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    critical = pod().container("app", limit="128Mi", request="64Mi")
    critical.with_spec(priorityClassName="system-node-critical")
    kubectl_stress.cluster.pods["web"] = critical.dict

    assert kubectl_stress(*MEM, "-q") == 5
    assert capsys.readouterr().err == (
        "error: default/web is a critical pod of the cluster; pass --yes to confirm\n"
    )
    assert kubectl_stress.cluster.added == []


def test_yes_answers_what_would_be_asked(kubectl_stress: CommandLine) -> None:
    critical = pod().container("app", limit="128Mi", request="64Mi")
    critical.with_spec(priorityClassName="system-node-critical")
    kubectl_stress.cluster.pods["web"] = critical.dict

    assert kubectl_stress(*MEM, "--yes") == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_130_a_signal_ended_it(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    def interrupt(container: str) -> None:
        signal.raise_signal(number)  # in this thread, so that it is handled at once

    kubectl_stress.cluster.before_exec = interrupt

    assert kubectl_stress(*MEM, "-q") == 130
    assert capsys.readouterr().err.strip() == "error: interrupted; nothing was loaded"


def test_the_help_names_every_exit_code(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress("--help")

    words = capsys.readouterr().out.split("Exit codes: ")[1].split("\n\n")[0]
    codes = [int(part.split()[0]) for part in words.replace("\n", " ").split(",") if part.strip()]
    assert codes == [0, 1, 2, 3, 4, 5, 130]


def test_who_started_a_load_is_whom_the_api_server_knows(kubectl_stress: CommandLine) -> None:
    kubectl_stress.cluster.user = "ann@corp"

    assert kubectl_stress(*MEM) == 0
    words = kubectl_stress.cluster.execs[-1][1]
    assert words[words.index("--started-by") + 1] == "ann@corp"


def events_of(command_line: CommandLine) -> list[str]:
    return sorted(str(event["reason"]) for event in command_line.cluster.created_events)


def test_a_run_is_announced_by_events_on_its_pod(kubectl_stress: CommandLine) -> None:
    assert kubectl_stress(*MEM) == 0
    assert events_of(kubectl_stress) == ["StressEnded", "StressStarted"]


def test_a_run_can_be_kept_from_announcing_itself(kubectl_stress: CommandLine) -> None:
    assert kubectl_stress(*MEM, "--no-events") == 0
    assert events_of(kubectl_stress) == []


def test_whoever_may_not_create_events_is_told_that_nobody_is(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress.cluster.denied = {"create events.events.k8s.io": ""}

    assert kubectl_stress(*MEM) == 0
    assert events_of(kubectl_stress) == []
    note = "note: no Events on the pod announce a run (create events.events.k8s.io not allowed)"
    assert note in capsys.readouterr().err
