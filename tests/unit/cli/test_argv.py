"""Words of the command line, and the words of hints."""

from pathlib import Path

import pytest

from kubectl_stress.cli.argv import as_click_reads, is_debug, with_callers_kubectl

HINT = "run kubectl auth whoami; kubectl stress role -n a"


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("mem -o=json --debug", "--debug mem -ojson"),
        ("mem -v=6 -- --debug", "mem -v6 -- --debug"),
        ("--debug mem", "--debug mem"),
    ],
)
def test_words_are_taken_as_kubectl_takes_them(words: str, read: str) -> None:
    assert as_click_reads(words.split()) == read.split()
    assert is_debug(words.split()) is read.startswith("--debug")


def test_hints_name_the_kubectl_that_called_us(tmp_path: Path) -> None:
    named = with_callers_kubectl(HINT, {"KUBECTL_PATH": "/opt/oc", "PATH": "/nowhere"})

    assert named == "run /opt/oc auth whoami; kubectl stress role -n a"


def test_hints_are_short_where_it_is_the_one_on_the_path(tmp_path: Path) -> None:
    kubectl = tmp_path / "kubectl"
    kubectl.touch(mode=0o755)
    environ = {"KUBECTL_PATH": str(kubectl), "PATH": str(tmp_path)}

    assert with_callers_kubectl(HINT, environ) == HINT
    assert with_callers_kubectl(HINT, {}) == HINT


def test_hints_are_short_where_the_one_on_the_path_is_a_link_to_it(tmp_path: Path) -> None:
    program = tmp_path / "k3s"
    program.touch(mode=0o755)
    (tmp_path / "kubectl").symlink_to(program)

    environ = {"KUBECTL_PATH": str(program), "PATH": str(tmp_path)}

    assert with_callers_kubectl(HINT, environ) == HINT
