"""What a sample leaves out, and that a whole run leaves out nothing."""

from __future__ import annotations

import pytest

from tests.selection import sample


def test_a_sample_keeps_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "FULL", False)
    cases = list(range(20))

    left_out = sample.left_out(cases, share=0.3)

    assert len(left_out) == 14
    assert left_out == sample.left_out(cases, share=0.3)


def test_of_few_one_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "FULL", False)

    assert sample.left_out(["only"], share=0.3) == []
    assert sample.left_out([], share=0.3) == []


def test_a_whole_run_leaves_out_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "FULL", True)

    assert sample.left_out(list(range(20)), share=0.3) == []
