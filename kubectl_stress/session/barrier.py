"""Where the loads of one run wait for each other: all of them begin together, or none does."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kubectl_stress.agent.commands import GO, go_at, numbered
from kubectl_stress.errors import NotLoaded, StressError
from kubectl_stress.session.agent_stream import SteeredAgent

GO_TIMEOUT_MS = 600_000
# An emulated node took six seconds for each start.
_START_MS_EACH = 20_000
# For so long the agents may take to answer what they are asked before they go: so many at a time,
# since answers that come all at once wait here for each other.
_ANSWER_MS, _ASKED_AT_ONCE = 5_000, 4
# In so much time the client can tell one agent more.
_LEAD_MS_EACH, _MOST_LEAD_MS = 10, 2_000


@dataclass
class Waiting:
    """An agent at the barrier, and when it started, by the client's clock.

    That is what its quickest message says: the others took longer to arrive. `question` changes
    nothing, and is answered at once.
    """

    agent: SteeredAgent
    question: bytes
    started_ms: int | None = None

    def hear(self, elapsed_ms: int, now_ms: int) -> None:
        """A message of that age of the agent has arrived."""
        started_ms = now_ms - elapsed_ms
        if self.started_ms is None or started_ms < self.started_ms:
            self.started_ms = started_ms


class Barrier:
    """Each number arrives with its agent, or leaves with the error that kept it away.

    Once nobody is missing all agents are told to go at one moment a little later, each by its own
    clock, so that what a message takes to arrive does not part them; or `stagger_ms` apart. Before
    that each is asked something: its answer is not held up by others that start, as its first
    words were. Without `keep_going` one that leaves before keeps all the others from loading.
    """

    def __init__(
        self,
        numbers: Iterable[int],
        *,
        now_ms: Callable[[], int],
        stagger_ms: int = 0,
        keep_going: bool = False,
    ) -> None:
        self._missing = set(numbers)
        self._unasked: list[int] | None = None
        self._asked = set[int]()
        self._opens_ms = 0
        self._now_ms, self._stagger_ms, self._keep_going = now_ms, stagger_ms, keep_going
        self._waiting: dict[int, Waiting] = {}
        self._due_ms: dict[int, int] = {}
        self._is_open = False
        self.problem: NotLoaded | None = None

    @property
    def go_timeout_ms(self) -> int:
        """How long an agent must be ready to wait."""
        count = len(self._missing | set(self._waiting))
        return GO_TIMEOUT_MS + (_START_MS_EACH + self._stagger_ms) * count

    def arrive(self, number: int, waiting: "Waiting") -> None:
        """This one only waits for the others."""
        self._missing.discard(number)
        self._waiting[number] = waiting
        self._open_if_complete()

    def answered(self, number: int) -> None:
        """This one has answered what it was asked."""
        self._asked.discard(number)
        self._ask()
        self.release_due()

    def leave(self, number: int, who: str, error: StressError) -> None:
        """This one is not going to be loaded."""
        self._missing.discard(number)
        self._waiting.pop(number, None)
        self._due_ms.pop(number, None)
        self._asked.discard(number)
        self._ask()
        if not self._keep_going and not self._is_open and self.problem is None:
            self.problem = NotLoaded(f"not loaded, since {who} could not be: {error}", error)
        self._open_if_complete()

    def release_due(self) -> None:
        """Tell those to go whose time has come."""
        now_ms = self._now_ms()
        if self._is_due(now_ms) and self.problem is None:
            self._open()
        for number in [n for n, due_ms in self._due_ms.items() if due_ms <= now_ms]:
            del self._due_ms[number]
            self._waiting.pop(number).agent.send(GO)

    def has_gone(self, number: int) -> bool:
        """Whether this one was told to go."""
        return self._is_open and number not in self._waiting

    def _open_if_complete(self) -> None:
        if self._missing or self._is_open or self.problem is not None:
            return
        if self._unasked is None:
            self._unasked = sorted(self._waiting, reverse=True)
            self._opens_ms = self._now_ms() + _ANSWER_MS
            self._ask()
        self.release_due()

    def _ask(self) -> None:
        while self._unasked and len(self._asked) < _ASKED_AT_ONCE:
            number = self._unasked.pop()
            if number in self._waiting:
                self._asked.add(number)
                self._waiting[number].agent.send(numbered(1, self._waiting[number].question))

    def _is_due(self, now_ms: int) -> bool:
        if self._is_open or self._unasked is None:
            return False
        return not (self._unasked or self._asked) or now_ms >= self._opens_ms

    def _open(self) -> None:
        self._is_open = True
        if self._stagger_ms:
            self._due_ms = {
                number: self._now_ms() + place * self._stagger_ms
                for place, number in enumerate(sorted(self._waiting))
            }
        else:
            self._release_all()

    def _release_all(self) -> None:
        lead_ms = min(_MOST_LEAD_MS, _LEAD_MS_EACH * len(self._waiting))
        begin_ms = self._now_ms() + lead_ms
        for waiting in self._waiting.values():
            assert waiting.started_ms is not None
            waiting.agent.send(go_at(begin_ms - waiting.started_ms))
        self._waiting.clear()
