"""Recordings of version 1, which knew memory alone, are read as those of today."""

import json
from typing import Any

import pytest

from kubectl_stress.errors import RecordingError
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.load_words import AfterOom, LoadKind
from kubectl_stress.plan.plan import MemorySize
from kubectl_stress.plan.stop_on import StopOn
from kubectl_stress.results.recording import read_recording
from tests.builders import runs
from tests.builders.loads import memory_load
from tests.builders.pods import MIB

SPEC = {
    "amount": {"text": "50%", "absolute_bytes": None, "percent": "50", "base": "limit"},
    "duration_ms": 20_000,
    "ramp_ms": 5_000,
    "workers": 2,
    "oom_score_adj": -5,
    "kind": "shm",
    "dirty_bytes_per_s": 7,
    "after_oom": "repeat",
    "max_restarts": 4,
    "stop_on": ["restart"],
    "steps": [{"text": "25%", "absolute_bytes": None, "percent": "25", "base": "limit"}],
    "step_hold_ms": 3_000,
}


def recorded(spec: dict[str, Any], **of_plan: Any) -> bytes:
    """A recording of today's with the header that version 1 wrote for this load."""
    first, *rest = runs.recorded(runs.survived()).splitlines(keepends=True)
    header = json.loads(first)
    for key in ("memory", "cpu"):
        del header["plan"][key]
    header["plan"] |= {"spec": spec, "size_bytes": 64 * MIB, "size_note": "half of it", **of_plan}
    header["schema"] = "kubectl-stress/recording/v1"
    return b"".join([json.dumps(header).encode(), b"\n", *rest])


def test_every_field_of_a_load_is_kept() -> None:
    recording = read_recording(recorded(SPEC, step_bytes=[32 * MIB]))

    assert recording.damage is None
    assert recording.header.plan.memory == MemorySize(64 * MIB, "half of it", (32 * MIB,))
    assert recording.header.plan.cpu is None
    assert recording.header.plan.spec == memory_load(
        Amount.parse("50%"),
        duration_ms=20_000,
        ramp_ms=5_000,
        workers=2,
        oom_score_adj=-5,
        kind=LoadKind.SHM,
        dirty_bytes_per_s=7,
        after_oom=AfterOom.REPEAT,
        max_restarts=4,
        stop_on=(StopOn.RESTART,),
        steps=(Amount.parse("25%"),),
        step_hold_ms=3_000,
    )


def test_what_an_older_plugin_left_out_has_its_default() -> None:
    recording = read_recording(recorded({"amount": SPEC["amount"]}))

    assert recording.header.plan.spec == memory_load(Amount.parse("50%"))


def test_one_without_a_load_is_damaged() -> None:
    data = recorded({}).replace(b'"spec": {}', b'"spec": null', 1)

    with pytest.raises(RecordingError, match="header of this recording is damaged"):
        read_recording(data)
