"""The page in a real browser: readable, silent, and in both colour schemes."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kubectl_stress.formats.html.fleet_page import fleet_page
from kubectl_stress.formats.html.page import page
from kubectl_stress.verdict.outcome import Expectation
from tests.browser.chromium import Tab, chromium
from tests.builders import runs
from tests.builders.fleets import entry, fleet

pytestmark = pytest.mark.browser

RUNS = {
    "survived": runs.survived(expectation=Expectation.READY),
    "group": runs.group_killed(expectation=Expectation.SURVIVE),
    "liveness": runs.liveness_restarted(),
    "unlimited": runs.unlimited(),
    "nothing": runs.made_report([]),
    "crowded": runs.crowded(),
}

# Every text and symbol of the picture that is seen, and what it covers.
TEXTS = """
[...document.querySelectorAll('svg text, svg .shape')]
  .filter(text => getComputedStyle(text).visibility === 'visible')
  .map(text => [text.textContent, text.getBoundingClientRect()])
  .map(([words, box]) => [words, box.left, box.top, box.right, box.bottom])
"""
PICTURES = """
[...document.querySelectorAll('svg')]
  .map((picture, number) => [number, picture.getBoundingClientRect()])
  .map(([number, box]) => [number, box.left, box.top, box.right, box.bottom])
"""
PICTURE = "(box => [box.left, box.top, box.right, box.bottom])"
PICTURE += "(document.querySelector('svg').getBoundingClientRect())"


@pytest.fixture(scope="session")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    program = shutil.which("chromium")
    if program is None:
        if os.environ.get("KUBECTL_STRESS_REQUIRE_BROWSER") == "1":
            pytest.fail("chromium is missing: apt-get install chromium")
        pytest.skip("chromium is missing: apt-get install chromium")
    with chromium(program, tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture(params=RUNS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return written(request.param, tmp_path)


def written(name: str, folder: Path) -> Path:
    path = folder / f"{name}.html"
    path.write_text(page(RUNS[name]), encoding="utf-8")
    return path


def overlaps(one: list[Any], other: list[Any]) -> bool:
    """Whether two boxes share more than a hair."""
    _, left, top, right, bottom = one
    _, other_left, other_top, other_right, other_bottom = other
    wide = min(right, other_right) - max(left, other_left)
    high = min(bottom, other_bottom) - max(top, other_top)
    return bool(wide > 0.5 and high > 2)


def test_no_label_of_the_picture_covers_another(tab: Tab, path: Path) -> None:
    tab.open(path)

    texts = tab.value(TEXTS)

    assert len(texts) > 8
    for number, one in enumerate(texts):
        covered = [other[0] for other in texts[number + 1 :] if overlaps(one, other)]
        assert covered == [], one[0]


def test_every_label_stands_in_the_picture(tab: Tab, path: Path) -> None:
    tab.open(path)

    left, top, right, bottom = tab.value(PICTURE)

    for words, *box in tab.value(TEXTS):
        assert box[0] >= left - 1, words
        assert box[1] >= top - 1, words
        assert box[2] <= right + 1, words
        assert box[3] <= bottom + 1, words


@pytest.mark.parametrize("width", [400, 1100])
def test_the_page_never_scrolls_sideways(tab: Tab, path: Path, width: int) -> None:
    tab.open(path, width=width)

    assert tab.value("document.documentElement.scrollWidth") <= width


def test_nothing_is_asked_of_the_network_and_nothing_complains(tab: Tab, path: Path) -> None:
    tab.events.clear()

    tab.open(path)

    requests = [event for event in tab.events if event["method"] == "Network.requestWillBeSent"]
    addresses = {event["params"]["request"]["url"] for event in requests}
    assert addresses <= {path.as_uri(), "about:blank"}
    complaints = ("Log.entryAdded", "Runtime.exceptionThrown", "Page.javascriptDialogOpening")
    assert [event for event in tab.events if event["method"] in complaints] == []


@pytest.mark.parametrize("width", [400, 1100])
def test_the_pictures_of_many_stand_beside_each_other(tab: Tab, tmp_path: Path, width: int) -> None:
    path = tmp_path / "many.html"
    names = [f"payment-gateway-of-the-shop-in-northern-europe-7ddf9d6cd5-zknl{n}" for n in range(5)]
    many = fleet(*(entry(name, runs.group_killed()) for name in names))
    path.write_text(fleet_page(many), encoding="utf-8")

    tab.open(path, width=width)

    texts, pictures = tab.value(TEXTS), tab.value(PICTURES)
    assert len(pictures) == 5
    for boxes in (texts, pictures):
        for number, one in enumerate(boxes):
            assert [box[0] for box in boxes[number + 1 :] if overlaps(one, box)] == []
    assert max(box[3] for box in (*texts, *pictures)) <= width
    assert tab.value("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_background(tab: Tab, path: Path, scheme: str) -> None:
    tab.open(path, scheme=scheme)

    background = luminance(tab.value("getComputedStyle(document.body).backgroundColor"))
    assert (background < 0.1) is (scheme == "dark")
    for part in ("body", "h1 .badge", ".where", "th", "svg .tick", "svg .limit-word"):
        color = (
            f"(p => p && getComputedStyle(p)[p.closest('svg') ? 'fill' : 'color'])({query(part)})"
        )
        words = tab.value(color)
        if words:
            # 4.5 to 1 is what WCAG 2 asks of text (https://www.w3.org/TR/WCAG22/#contrast-minimum).
            assert contrast(luminance(words), background) >= 4.5, part


def query(selector: str) -> str:
    return f"document.querySelector('{selector}')"


def luminance(color: str) -> float:
    """Of `rgb(…)`, by WCAG's formula."""
    shares = [int(word) / 255 for word in re.findall(r"\d+", color)[:3]]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def test_the_pointer_shows_the_values_of_a_moment(tab: Tab, tmp_path: Path) -> None:
    tab.open(written("survived", tmp_path))
    hidden = {words for words, *_ in tab.value(TEXTS)}

    left, top, right, _ = tab.value(PICTURE)
    tab.point((left + right) / 2, top + 150)

    shown = {words for words, *_ in tab.value(TEXTS)} - hidden
    assert len(shown) == 1
    assert re.fullmatch(r"[\d.]+s   usage 6\d.\d MiB \(\d+.\d%\) .* load 50.0 MiB", shown.pop())


def test_the_pointer_reaches_the_mark_of_a_kill(tab: Tab, tmp_path: Path) -> None:
    tab.open(written("group", tmp_path))

    words = tab.value(
        "(box => document.elementFromPoint(box.left + box.width / 2, box.bottom - 10)"
        ".closest('.mark').querySelector('title').textContent)"
        "(document.querySelector('.mark.kill').getBoundingClientRect())"
    )

    assert words == "6.0s: container terminated: OOMKilled (137)"
