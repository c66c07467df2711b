"""Tables for a person: what stands in a row, and what goes when the terminal is narrow."""

import itertools
import re
from dataclasses import replace

import pytest

from kubectl_stress.formats.tables import target_table
from kubectl_stress.plan.gauge import Row
from kubectl_stress.targets.resources import Sibling
from kubectl_stress.targets.status import ContainerStatus
from tests.builders.pods import MIB, pod, sample, target

STATUS = ContainerStatus.from_pod(pod().container("app").dict, "app")
ROW = Row(target(), STATUS, sample(96, held_mib=50), peak_usage_bytes=100 * MIB, oom_kills=0)
OOM_KILLED = {"terminated": {"reason": "OOMKilled", "exitCode": 137, "containerID": "c"}}


def cells(row: Row, *, wide: bool = True) -> dict[str, str]:
    """Heading to cell, read from the drawn table: each column begins where its heading does."""
    head, line = target_table([row], wide=wide).splitlines()
    starts = [match.start() for match in re.finditer(r"(?:^|(?<=  ))\S", head)]
    edges = list(itertools.pairwise([*starts, None]))
    return {head[start:end].strip(): line[start:end].strip() for start, end in edges}


def test_a_row_tells_the_target_in_the_units_of_a_person() -> None:
    found = cells(ROW, wide=False)

    assert found == {
        "POD": "web",
        "USAGE": "96.0 MiB",
        "USAGE%": "75.0%",
        "LIMIT": "128.0 MiB",
        "WORKING SET": "96.0 MiB",
        "LOAD": "50.0 MiB",
        "PEAK": "100.0 MiB",
        "OOM KILLS": "0",
        "RESTARTS": "0",
        "READY": "yes",
    }


def test_wide_adds_columns_and_takes_none() -> None:
    ordinary, wide = cells(ROW, wide=False), cells(ROW)

    assert [head for head in wide if head in ordinary] == list(ordinary)
    assert set(wide) - set(ordinary) == {
        "CONTAINER", "LAST STATE", "QOS", "INACTIVE FILE",
        "ANON", "FILE", "SHMEM", "KERNEL", "PAGE TABLES", "SLAB", "SWAP", "SWAP LIMIT", "HIGH",
        "POD LIMIT", "PSI SOME/FULL", "NODE AVAILABLE",
        "CPU", "CPU%", "CPU LIMIT", "THROTTLED", "CPU PSI SOME",
    }  # fmt: skip


@pytest.mark.parametrize("width", [200, 150, 120, 100, 80])
def test_a_table_fits_the_terminal(width: int) -> None:
    text = target_table([ROW], width=width)

    assert max(len(line) for line in text.splitlines()) <= width


def test_the_largest_sizes_still_fit_eighty_columns() -> None:
    large = sample(1023.9, held_mib=1023.9, limit_bytes=1024 * MIB - 1)
    row = Row(target(), STATUS, large, oom_kills=None)

    text = target_table([row], width=80)

    assert max(len(line) for line in text.splitlines()) <= 80


def test_of_one_target_nothing_is_cut_on_a_narrow_terminal() -> None:
    assert target_table([ROW], width=80).splitlines() == [
        "POD  USAGE     USAGE%  LIMIT      WORKING SET  LOAD      PEAK       OOM KILLS",
        "web  96.0 MiB  75.0%   128.0 MiB  96.0 MiB     50.0 MiB  100.0 MiB  0",
        "",
        "RESTARTS  READY",
        "0         yes",
    ]


def test_the_container_is_named_where_the_pod_has_several() -> None:
    several = replace(target(), siblings=(Sibling("proxy", None, None),))

    head, row = target_table([Row(several, STATUS, sample(96))]).splitlines()

    assert head.startswith("POD  CONTAINER  USAGE ")
    assert row.startswith("web  app        96.0 MiB")
    assert "CONTAINER" not in target_table([ROW])


def test_of_several_targets_the_last_columns_go_first() -> None:
    head = target_table([ROW, ROW], width=90).splitlines()[0]

    assert "READY" not in head
    assert "RESTARTS" in head


@pytest.mark.parametrize("width", [80, 120, 160])
def test_wide_loses_no_column_on_a_narrow_terminal(width: int) -> None:
    text = target_table([ROW], wide=True, width=width)

    assert max(len(line) for line in text.splitlines()) <= width
    heads = [line for line in text.splitlines() if line.startswith("POD")]
    found = [head for line in heads for head in re.split(r"  +", line) if head != "POD"]
    assert found == list(cells(ROW))[1:]


def test_of_several_targets_the_names_stay() -> None:
    text = target_table([ROW, ROW], width=60)

    assert [line.split()[0] for line in text.splitlines()] == ["POD", "web", "web"]
    assert max(len(line) for line in text.splitlines()) <= 60
    assert "USAGE" in text


def test_what_was_piped_is_never_narrowed() -> None:
    assert target_table([ROW], width=None) == target_table([ROW], width=1_000)


def test_what_the_agent_could_not_read_is_a_dash_and_not_a_zero() -> None:
    unread = sample(96, inactive_file_bytes=None, anon_bytes=None, high_bytes=None)

    found = cells(Row(target(), STATUS, unread))

    assert [found[key] for key in ("WORKING SET", "INACTIVE FILE", "ANON", "HIGH", "PEAK")] == [
        "-"
    ] * 5
    assert found["PSI SOME/FULL"] == "-"


def test_a_row_before_the_first_sample_shows_what_the_api_knows() -> None:
    found = cells(Row(target(), STATUS))

    assert (found["POD"], found["USAGE"], found["USAGE%"]) == ("web", "-", "-")


def test_without_a_limit_there_is_no_share_of_it() -> None:
    found = cells(Row(target(limit=None), STATUS, sample(96, limit_bytes=None)))

    assert (found["LIMIT"], found["USAGE%"]) == ("-", "-")


def test_a_counter_that_went_with_its_cgroup_is_unknown() -> None:
    assert cells(Row(target(), STATUS, sample(), oom_kills=None))["OOM KILLS"] == "unknown"


def test_the_last_state_is_told_in_the_kubelets_words() -> None:
    built = (
        pod()
        .container("app")
        .with_container_status(lastState=OOM_KILLED, restartCount=3, ready=False)
    )
    status = ContainerStatus.from_pod(built.dict, "app")

    found = cells(Row(target(), status, sample()))

    assert (found["LAST STATE"], found["RESTARTS"], found["READY"]) == (
        "OOMKilled (137)",
        "3 (OOMKilled)",
        "no",
    )


def test_pressure_is_told_as_some_and_full() -> None:
    pressed = sample(pressure_some_avg10_percent=12.34, pressure_full_avg10_percent=0.0)

    assert cells(Row(target(), STATUS, pressed))["PSI SOME/FULL"] == "12.3%/0.0%"


def test_each_target_has_a_row_of_its_own() -> None:
    assert len(target_table([ROW, ROW]).splitlines()) == 3
