"""`mem --to` on a cluster in memory."""

import pytest

from tests.builders.agent_lines import bye_line, hello_line, line, phase_line
from tests.builders.pods import MIB, pod
from tests.cli.conftest import CommandLine
from tests.fakes.cluster import FakeCluster


def held(state: str, held_mib: int) -> bytes:
    samples = b"".join(
        line(
            "sample",
            at_ms,
            phase="hold",
            load={
                "size_bytes": held_mib * MIB,
                "held_bytes": held_mib * MIB,
                "level_bytes": 96 * MIB,
                "level_metric": "working-set",
                "level_state": state,
            },
            memory={
                "usage_bytes": 96 * MIB,
                "inactive_file_bytes": 0,
                "limit_bytes": 128 * MIB,
                "oom_kill": 0,
                "oom_group_kill": 0,
            },
        )
        for at_ms in range(0, 1_000, 100)
    )
    released = line("sample", 1_100, phase="settle", memory={"oom_kill": 0, "oom_group_kill": 0})
    return hello_line() + phase_line("hold") + samples + released + bye_line("duration", 0)


def test_the_level_and_its_state_stand_in_the_table_and_the_verdict(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    app = pod().container("app", limit="128Mi", request="64Mi")
    kubectl_stress.cluster = FakeCluster(app.dict)
    kubectl_stress.cluster.load.says(held("at", 60)).ends(0)

    assert kubectl_stress("mem", "web", "--to", "75%", "--duration", "1s", "--yes") == 0

    captured = capsys.readouterr()
    assert "LEVEL" in captured.out.splitlines()[0]
    assert "96.0 MiB (met at the end)" in captured.out
    assert "CPU LEVEL" not in captured.out
    assert "level 96.0 MiB: 100% at it" in captured.out
    assert "up to a level of 96.0 MiB (75% of the limit 128.0 MiB) of working set" in captured.err
    assert "the working set will be held at 96.0 MiB" in captured.err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--to", "75%", "--size", "50Mi"), "--size is added, and --to is the level"),
        (("--to", "75%request"), "is not a level"),
        *(
            (("--to", text), f'"{text}" is not a level: use one like 95%, 480Mi or limit-20Mi')
            for text in (
                "",
                "much",
                "nan%",
                "６０%",
                "limit",
                "limit-20%",
                "LIMIT-20Mi",
                "limit - 20Mi",
            )
        ),
        (("--to", "limit-20MB"), "write 20Mi (20,971,520 bytes) or 20M"),
        (("--to", "limit-0"), "must be more than 0"),
        (("--to", "-5%"), "must be more than 0%"),
        (("--size", "50Mi", "--metric", "usage"), "--metric is what a level is measured by"),
        (("--to", "75%", "--kind", "file"), "use --kind anon or shm"),
        (
            ("--to", "75%", "--steps", "80%"),
            'steps must rise, and all have the same base, like 50%,75%,90%: "75%" follows',
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(
    kubectl_stress: CommandLine,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    text: str,
) -> None:
    assert kubectl_stress("mem", "web", *words) == 2
    assert text in capsys.readouterr().err


def test_a_level_has_no_manifest(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl_stress("mem", "web", "--to", "75%", "-o", "manifest") == 2

    assert "a StressChaos cannot express --to" in capsys.readouterr().err
