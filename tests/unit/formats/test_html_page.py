"""The HTML page: whole, harmless and small."""

import re
from html.parser import HTMLParser
from importlib.resources import files
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_stress.formats.html.chart import picture
from kubectl_stress.formats.html.page import page
from kubectl_stress.formats.timeline import timelines
from kubectl_stress.results.report import Report
from kubectl_stress.verdict.outcome import Expectation
from tests.builders import runs
from tests.builders.pods import MIB, sample

RUNS = {
    "survived": runs.survived(expectation=Expectation.READY),
    "group": runs.group_killed(expectation=Expectation.SURVIVE),
    "worker": runs.worker_died(),
    "liveness": runs.liveness_restarted(),
    "evicted": runs.evicted(),
    "cut-off": runs.cut_off(),
    "unlimited": runs.unlimited(),
    "nothing": runs.made_report([]),
    "one-sample": runs.made_report([sample()]),
    "crowded": runs.crowded(),
}
VOID = {"meta"}
STYLE = files("kubectl_stress.formats.html").joinpath("style.css").read_text()


def svg_of(report: Report) -> str:
    (only,) = timelines(report)
    return picture(only)


class Outline(HTMLParser):
    """The elements of a page, their attributes, and its words; fails where one is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture(params=list(RUNS.values()), ids=list(RUNS))
def report(request: pytest.FixtureRequest) -> Report:
    found: Report = request.param
    return found


def test_the_page_is_whole_and_under_200_kib(report: Report) -> None:
    text = page(report)

    assert Outline(text).tags[:2] == ["html", "head"]
    assert len(text.encode()) < 200 * 1024


def test_the_picture_is_well_formed(report: Report) -> None:
    assert ET.fromstring(svg_of(report)).tag == "svg"


def test_nothing_is_loaded_and_nothing_runs(report: Report) -> None:
    outline = Outline(page(report))

    assert not {"script", "img", "link", "iframe", "object", "a", "base", "form"} & set(
        outline.tags
    )
    loading = [(n, v) for n, v in outline.attributes if n in ("src", "href", "style", "action")]
    assert loading == []
    assert not [name for name, _ in outline.attributes if name.startswith("on")]
    assert "url(" not in STYLE
    assert "@import" not in STYLE


def test_every_class_has_a_style(report: Report) -> None:
    values = [value for name, value in Outline(page(report)).attributes if name == "class"]
    plain = {"slice", "shape", "baseline", "settle", "release", "where"}

    unstyled = {word for value in values for word in value.split() if f".{word}" not in STYLE}
    assert unstyled <= plain


def test_hostile_words_are_shown_as_they_are() -> None:
    text = page(RUNS["crowded"])

    assert "<script" not in text
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "<script>alert(1)</script>" in Outline(text).words


@given(words=st.text(min_size=1))
@settings(max_examples=50, deadline=None)
def test_any_words_leave_the_outline_as_it_is(words: str) -> None:
    assert Outline(page(runs.evicted(words))).tags == Outline(page(runs.evicted())).tags


@given(
    levels=st.lists(st.none() | st.integers(-(2**62), 2**62), max_size=6),
    times=st.lists(st.integers(-(2**62), 2**62), min_size=6, max_size=6),
)
@settings(max_examples=100, deadline=None)
def test_any_numbers_can_be_drawn(levels: list[int | None], times: list[int]) -> None:
    samples = [
        sample(usage_bytes=level, limit_bytes=level, at_ms=at_ms)
        for level, at_ms in zip(levels, times, strict=False)
    ]

    text = svg_of(runs.made_report(samples))

    assert "nan" not in text
    assert "inf" not in text


def test_the_verdict_leads_the_page_with_its_evidence() -> None:
    words = Outline(page(RUNS["group"])).words

    assert words.index("group-oom-killed") < words.index("not as expected: survive")
    assert "container terminated: OOMKilled (137)" in words[words.index("Evidence") :]


def test_every_point_stands_in_the_plot(report: Report) -> None:
    for path in ET.fromstring(svg_of(report)).iter("path"):
        if path.get("class", "").startswith("line"):
            numbers = [float(word) for word in re.findall(r"-?[\d.]+", path.get("d", ""))]
            assert all(0 <= number <= 960 for number in numbers)


def test_kills_restarts_and_probes_can_be_told_apart() -> None:
    text = svg_of(RUNS["crowded"])

    for kind in ("kill", "restart", "probe"):
        assert f'class="mark {kind}"' in text


def test_a_moment_can_be_read_off() -> None:
    text = svg_of(runs.made_report([sample(64, at_ms=i * 100, held_mib=50) for i in range(20)]))

    assert "usage 64.0 MiB (50.0%)   working set 64.0 MiB   load 50.0 MiB" in text


def test_a_limit_far_above_is_named_at_the_top() -> None:
    samples = [sample(10, at_ms=i, limit_bytes=8192 * MIB) for i in range(9)]

    assert "limit 8.0 GiB, above this chart" in svg_of(runs.made_report(samples))


def test_pressure_has_a_lane_where_it_was_felt() -> None:
    felt = [
        sample(60, at_ms=100 * i, held_mib=50, pressure_some_avg10_percent=min(42.0, i / 2))
        for i in range(200)
    ]
    drawn = str(svg_of(runs.made_report(felt)))

    assert "memory pressure (PSI some, average of 10 s), at most 42.0%" in drawn
    assert "pressure 42.0%" in drawn
    assert "PSI some" not in str(svg_of(runs.survived()))


def test_a_limit_that_a_resize_moved_has_both_its_values() -> None:
    found = [sample(30, at_ms=at, limit_bytes=mib * MIB) for at, mib in ((0, 96), (5_000, 64))]
    drawn = str(svg_of(runs.made_report([*found, sample(30, at_ms=9_000, limit_bytes=64 * MIB)])))

    assert ("limit 96.0 MiB" in drawn, "limit 64.0 MiB" in drawn) == (True, True)
