"""Options that several commands share: what words become."""

from typing import Any

import click
import pytest
from click.testing import CliRunner

from kubectl_stress.cli.connection_options import connection_options
from kubectl_stress.cli.output_options import wants_color
from kubectl_stress.cli.param_types import DURATION
from kubectl_stress.errors import UsageError
from kubectl_stress.kube.connection import ConnectionFlags


@click.command()
@click.option("--for", "duration", type=DURATION, default="60s")
@connection_options
def probe(flags: ConnectionFlags, **given: Any) -> None:
    given["flags"] = flags
    click.get_current_context().obj.append(given)


def parsed(*words: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = []
    CliRunner().invoke(probe, list(words), obj=found, catch_exceptions=False)
    return found[0]


@pytest.mark.parametrize(
    ("choice", "environ", "wanted"),
    [
        ("auto", {}, None),
        ("auto", {"NO_COLOR": "1"}, False),
        ("auto", {"NO_COLOR": ""}, None),  # https://no-color.org: "not an empty string"
        ("always", {"NO_COLOR": "1"}, True),
        ("never", {}, False),
    ],
)
def test_color_is_wanted_as_it_was_said(
    choice: str, environ: dict[str, str], wanted: bool | None
) -> None:
    assert wants_color(choice, environ) is wanted


@pytest.mark.parametrize(
    ("text", "duration_ms"),
    [("90s", 90_000), ("1m30s", 90_000), ("500ms", 500), ("1.5h", 5_400_000)],
)
def test_a_duration_becomes_milliseconds(text: str, duration_ms: int) -> None:
    assert parsed("--for", text)["duration"] == duration_ms


def test_the_default_duration_is_parsed_too() -> None:
    assert parsed()["duration"] == 60_000


@pytest.mark.parametrize("text", ["5", "5 s", "-s", "1d", ""])
def test_a_duration_that_cannot_be_read_is_a_usage_error(text: str) -> None:
    result = CliRunner().invoke(probe, ["--for", text], obj=[])

    assert result.exit_code == 2
    assert "is not a duration" in result.output


def test_a_duration_below_0_is_told_as_that() -> None:
    result = CliRunner().invoke(probe, ["--for", "-1m5s"], obj=[])

    assert result.exit_code == 2
    assert '"-1m5s" is less than 0: a duration must be more than 0' in result.output


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10", 10.0), ("10s", 10.0), ("1m", 60.0), ("500ms", 0.5), ("0", None), ("0s", None)],
)
def test_the_request_timeout_is_given_as_to_kubectl(text: str, seconds: float | None) -> None:
    given = parsed("--request-timeout", text)["flags"].request_timeout

    assert (given or None) == seconds


@pytest.mark.parametrize("text", ["-1", "soon", "²", "1.5"])
def test_a_request_timeout_that_cannot_be_read_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration"):
        parsed("--request-timeout", text)


def test_nothing_given_means_nothing_overridden() -> None:
    assert parsed()["flags"] == ConnectionFlags()


def test_every_connection_flag_of_kubectl_reaches_the_connection() -> None:
    words = (
        "-n shop --context c --kubeconfig k --cluster cl --user u -s https://s --token t --as a "
        "--as-group g1 --as-group g2 --as-uid 7 --insecure-skip-tls-verify --tls-server-name n "
        "--certificate-authority ca --client-certificate cc --client-key ck --kuberc kr "
        "--as-user-extra k=1 --as-user-extra k=2 -v 6 --cache-dir d"
    )

    flags = parsed(*words.split())["flags"]

    assert (flags.namespace, flags.as_user, flags.as_groups) == ("shop", "a", ("g1", "g2"))
    assert (flags.as_user_extra, flags.verbosity) == ((("k", ("1", "2")),), 6)
    given = {
        name for name, value in vars(flags).items() if value != getattr(ConnectionFlags(), name)
    }
    assert given == set(vars(flags)) - {"request_timeout"}
