"""Words that cannot be meant: one line on what to do, and no cluster touched."""

import pytest

from kubectl_stress import __version__
from kubectl_stress.errors import NotFound
from tests.cli.conftest import CommandLine

GOOD = ("mem", "web", "--size", "50Mi")


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("mem", "web", "--size", "50MB"), "write 50Mi (52,428,800 bytes) or 50M"),
        (("mem", "web", "--size", "-1"), "more than 0, like 50Mi"),
        (("mem", "web", "--size", "0"), "more than 0, like 50Mi"),
        (("mem", "web", "--size", "lots"), "use one like 256Mi"),
        (("mem", "web", "--size", "0.5"), "did you mean 0.5Mi?"),
        (("mem", "web", "--size", "0.0000000000000001"), "(4 KiB): use a size like 50Mi"),
        (("mem", "web", "--size", "٣Mi"), "use one like 256Mi"),
        (("mem", "web", "--size", "٦٠%"), "use one like 60%"),
        ((*GOOD, "--duration", "٣s"), "a number and a unit, like 30s"),
        ((*GOOD, "--timeout", "0"), "a number and a unit, like 30s"),
        ((*GOOD, "--timeout", "0s"), "--timeout must be more than 0"),
        ((*GOOD, "--record", "-"), "written to a file, not to stdout (./- is a file of that"),
        (("mem", "web", "--size", "300%node"), "at most 100%node"),
        (("mem", "web", "--size", "0%"), "more than 0%"),
        (("mem", "web", "--size", "50%disk"), "(valid: limit, request, headroom, node)"),
        (("mem", "web"), "--size, --to or --steps is required"),
        ((*GOOD, "--step-hold", "3s"), "--step-hold requires --steps"),
        (
            ("mem", "web", "--steps", "50%,20%"),
            'and all have the same base, like 50%,75%,90%: "20%"',
        ),
        ((*GOOD, "--cpu-load", "10%", "--cpu-steps", "20%"), '90%: "10%" follows "20%"'),
        ((*GOOD, "--cpu-load", "60%headroom"), "no headroom; use 60%, 60%request or 60%node"),
        ((*GOOD, "--cpu-load", "0%"), '"0%" is nothing: must be more than 0%'),
        ((*GOOD, "--record", ""), "give the name of a file"),
        ((*GOOD, "--wait"), "requires an argument; see 'kubectl stress mem --help'"),
        (("mem", "web", "--steps", ""), "use one like 256Mi"),
        (("mem", "--size", "50Mi"), "no target: name one"),
        (("mem", "-A", "--size", "50Mi"), "-A requires -l or --field-selector"),
        (("mem", "nodes/n1", "--size", "50Mi"), "use pod, deploy, sts, ds, rs or job"),
        (("mem", "pod/", "--size", "50Mi"), "write pod/NAME or deploy/NAME"),
        (("mem", "Web", "--size", "50Mi"), '"Web" is not a valid name'),
        ((*GOOD, "--duration", "20"), "a number and a unit, like 20s"),
        ((*GOOD, "--duration", "0s"), "must be more than 0"),
        ((*GOOD, "--workers", "0"), "give a number from 1 to 64"),
        ((*GOOD, "--workers", "two"), "give a number from 1 to 64"),
        ((*GOOD, "--workers", "٣"), "give a number from 1 to 64"),
        ((*GOOD, "--workers", "1_0"), "give a number from 1 to 64"),
        ((*GOOD, "--seed", "٣"), "give a number of at least 0"),
        ((*GOOD, "--oom-score-adj", "٣"), "must be same or a number from -999 to 1000"),
        ((*GOOD, "--duration", "9" * 5_000), "a number and a unit, like 30s"),
        ((*GOOD, "--oom-score-adj", "-1000"), "must be same or a number from -999 to 1000"),
        ((*GOOD, "--kind", "huge"), "is not one of 'anon', 'shm', 'file'"),
        ((*GOOD, "--dirty", "10MB/s"), "write 10Mi (10,485,760 bytes) or 10M"),
        ((*GOOD, "--dirty", "0"), "more than 0"),
        ((*GOOD, "--after-oom", "pray"), "is not one of 'stop', 'repeat'"),
        ((*GOOD, "--max-restarts", "2"), "requires --after-oom repeat"),
        ((*GOOD, "--stop-on", "boredom"), "is not one of 'not-ready', 'restart', 'probe-failure'"),
        ((*GOOD, "--stop-on", "memory-pressure"), "'memory-pressure=20%'"),
        ((*GOOD, "--stop-on", "memory-pressure=0%"), "'memory-pressure=20%'"),
        ((*GOOD, "--stop-on", "memory-pressure=101%"), "'memory-pressure=20%'"),
        ((*GOOD, "--after-oom", "repeat", "--max-restarts", "0"), "a number from 1 to 100"),
        ((*GOOD, "--expect", "luck"), "is not one of 'survive'"),
        ((*GOOD, "-o", "xml"), "is not one of 'table'"),
        ((*GOOD, "--request-timeout", "soon"), "a number and a unit"),
        ((*GOOD, "--request-timeout", "٣"), "a number and a unit"),
        ((*GOOD, "--as-user-extra", "why"), "write KEY=VALUE"),
        ((*GOOD, "-v", "many"), "give a number of at least 0"),
        ((*GOOD, "--sise", "1"), "'--size'"),
        ((*GOOD, "-l", "app=web"), "give TARGETs or selectors (-l, --field-selector), not both"),
        (("memory", "web"), "No such command 'memory'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_one_line_says_what_to_do_and_no_cluster_is_asked(
    kubectl_stress: CommandLine,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    remedy: str,
) -> None:
    assert kubectl_stress(*words) == 2

    captured = capsys.readouterr()
    assert remedy in captured.err
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert kubectl_stress.connections == []


def test_a_command_that_is_missing_gets_the_help_and_no_error(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl_stress() == 2

    captured = capsys.readouterr()
    assert captured.err.startswith("Usage: kubectl stress [OPTIONS] COMMAND")
    assert "error:" not in captured.err
    assert captured.out == ""


@pytest.mark.parametrize("place", [0, 1, 3])
def test_debug_shows_where_an_error_came_from(kubectl_stress: CommandLine, place: int) -> None:
    words = ["mem", "other", "--size", "50Mi"]
    words.insert(place, "--debug")

    with pytest.raises(NotFound):
        kubectl_stress(*words)


def test_what_nobody_expected_is_one_line_with_what_to_do(
    kubectl_stress: CommandLine,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("first\nsecond")

    monkeypatch.setattr(kubectl_stress.cluster, "get_pod", broken)

    assert kubectl_stress("check", "web-0") == 1
    assert capsys.readouterr().err == (
        "error: unexpected ValueError: first second; this is a bug in kubectl stress "
        f"{__version__}: please report it with what the same command and --debug print\n"
    )
    with pytest.raises(ValueError, match="first"):
        kubectl_stress("check", "web-0", "--debug")
