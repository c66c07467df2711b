"""The tables in place under the lines that stay: what a terminal shows. The only user of rich."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from kubectl_stress.formats.process_table import DIES_FIRST
from kubectl_stress.formats.top_text import tables
from kubectl_stress.live.picture import LivePicture
from kubectl_stress.live.sentences import Marks, Words, sentence
from kubectl_stress.quantity import format_duration
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.session.progress import Attached, Progress, Started
from kubectl_stress.text import log_line

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.live import Live
    from rich.segment import Segment

# Drawing costs some 4 ms: five times a second it took more CPU than all else that a run does.
_DRAW_EVERY_MS = 500
_LINES_OF_STORY = 4  # stay in sight above the picture


class _Body:
    """Lines that fit already, each cut off where it does not: rich's Text would wrap them first."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")

    def __rich_console__(
        self, _console: "Console", _options: "ConsoleOptions"
    ) -> "Iterator[Segment]":
        from rich.segment import Segment
        from rich.style import Style

        for line in self._lines:
            before, mark, after = line.partition(DIES_FIRST)
            yield Segment(before)
            if mark:
                yield Segment(mark, Style(bold=True, color="red"))
                yield Segment(after)
            yield Segment.line()


class Drawing:
    """A terminal on which rich draws: lines that stay, and a body in place under them."""

    def __init__(self, live: "Live", console: "Console") -> None:
        self._live, self._console = live, console
        self._body: Callable[[int], str] | None = None
        self._drawn, self._drawn_width = "", console.width
        self._is_busy = self._is_resized = False

    @property
    def height(self) -> int:
        """Lines of the terminal, as it is now."""
        return self._console.height

    @property
    def has_pictures(self) -> bool:
        """Whether the terminal can show what is drawn with Unicode's dots."""
        is_unicode = self._console.encoding.startswith("utf")
        return is_unicode and not self._console.is_dumb_terminal

    def start(self) -> None:
        """Have a body from now on; before, the terminal is anybody's."""
        self._live.start()

    def say(self, text: str) -> None:
        """Print a line that stays."""
        with self._busy():
            self._console.print(text, markup=False, highlight=False)

    def draw(self, body: Callable[[int], str]) -> None:
        """Put this body, made for the terminal's width, in the place of the last one."""
        self._body = body
        self._draw()

    def on_resize(self, *_signal: object) -> None:
        """Draw again for the new width: at once, or after what is being drawn."""
        self._is_resized = True
        if not self._is_busy and self._body is not None:
            self._draw()

    def _draw(self) -> None:
        assert self._body is not None
        self._is_resized = False
        with self._busy():
            width = self._console.width
            self._drawn, self._drawn_width = self._body(width), width
            self._live.update(_Body(self._drawn), refresh=True)
        if self._is_resized:
            self._draw()

    @contextmanager
    def _busy(self) -> Iterator[None]:
        self._is_busy = True
        if self._console.width != self._drawn_width:
            self._count_rows_again()
        try:
            # One that has gone takes nothing more; that it has is told by its SIGHUP.
            with suppress(OSError):
                yield
        finally:
            self._is_busy = False

    def _count_rows_again(self) -> None:
        """A terminal that got narrower has wrapped what was drawn: rich would not clear it all."""
        width, shown = self._console.width, self._live._live_render
        if shown._shape is not None:
            lines = [line[: self._drawn_width] for line in self._drawn.splitlines()]
            rows = sum(max(1, -(-len(line) // width)) for line in lines[: self._console.height])
            shown._shape = (width, max(rows, shown._shape[1]))
        self._drawn_width = width


@contextmanager
def drawing(color: bool | None) -> Iterator[Drawing]:
    """A drawing on stderr that leaves its lines and no body; `color` None: as the terminal is."""
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, no_color=color is False, soft_wrap=True)
    live = Live(console=console, auto_refresh=False, transient=True)
    shown = Drawing(live, console)
    before = signal.signal(signal.SIGWINCH, shown.on_resize)
    try:
        yield shown
    finally:
        signal.signal(signal.SIGWINCH, before)
        with suppress(OSError):
            live.stop()


class LiveScreen:
    """The tables of all targets in place, under the lines that stay; `words`: of a step."""

    def __init__(
        self,
        terminal: Drawing,
        marks: Marks,
        *,
        now_ms: Callable[[], int],
        wide: bool,
        words: Words = sentence,
    ) -> None:
        self._terminal, self._marks, self._wide = terminal, marks, wide
        self._words = words
        self._now_ms, self._started_ms = now_ms, now_ms()
        self._drawn_ms: int | None = None
        self._states: list[TargetState] = []
        self._pictures: dict[TargetState, LivePicture] = {}

    def __call__(self, progress: Progress) -> None:
        """Show the step: its sentence above, the tables below."""
        state, what = progress.target, progress.what
        elapsed_ms, text = self._now_ms() - self._started_ms, self._words(state, what)
        if text is not None:
            self._terminal.say(log_line(elapsed_ms, f"{self._marks(state)}{text}"))
        if isinstance(what, Attached | Started) and state not in self._states:
            # Not before: until then the user may be asked something on the same terminal.
            self._begin(state, elapsed_ms)
        if state in self._pictures:
            self._pictures[state].hear(what)
        if self._drawn_ms is None:
            return
        if text is not None or elapsed_ms - self._drawn_ms >= _DRAW_EVERY_MS:
            self._drawn_ms = elapsed_ms
            self._terminal.draw(self._body)

    def _begin(self, state: TargetState, elapsed_ms: int) -> None:
        self._states = sorted([*self._states, state], key=lambda known: known.number)
        self._pictures[state] = LivePicture(state)
        if self._drawn_ms is None:
            self._terminal.start()
            self._drawn_ms = elapsed_ms - _DRAW_EVERY_MS

    def _body(self, width: int) -> str:
        lines = [line for state in self._states if (line := self._progress_of(state))]
        text = tables(self._states, wide=self._wide, width=width)
        body = ["", *text.splitlines(), *([""] if lines else []), *lines]
        return "\n".join([*self._picture(width, len(body)), *body])

    def _picture(self, width: int, below: int) -> list[str]:
        """Above the tables of one target, where the terminal has room and can show it."""
        if len(self._pictures) != 1 or not self._terminal.has_pictures:
            return []
        (picture,) = self._pictures.values()
        return picture.lines(width, self._terminal.height - below - _LINES_OF_STORY)

    def _progress_of(self, state: TargetState) -> str | None:
        plan, sample, elapsed_ms = state.plan, state.sample, state.load_elapsed_ms
        if plan is None or sample is None:
            return None
        total_ms, done_ms = plan.spec.total_ms, elapsed_ms or 0
        elapsed = format_duration(min(done_ms, total_ms))
        phase = "starting" if elapsed_ms is None else sample.phase
        task = f"{state.task}\n" if state.task else ""
        return f"{task}{self._marks(state)}{phase}  {elapsed} of {format_duration(total_ms)}"
