"""Where the loads of one run wait for each other: all of them begin together, or none does."""

from collections.abc import Callable, Iterable

from kubectl_stress.agent.commands import GO
from kubectl_stress.errors import NotLoaded, StressError
from kubectl_stress.session.agent_stream import SteeredAgent

GO_TIMEOUT_MS = 600_000


class Barrier:
    """Each number arrives with its agent, or leaves with the error that kept it away.

    Once nobody is missing all agents are told to go, one right after the other, or `stagger_ms`
    apart. Without `keep_going` one that leaves before keeps all the others from loading.
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
        self._now_ms, self._stagger_ms, self._keep_going = now_ms, stagger_ms, keep_going
        self._waiting: dict[int, SteeredAgent] = {}
        self._due_ms: dict[int, int] = {}
        self._is_open = False
        self.problem: NotLoaded | None = None

    @property
    def go_timeout_ms(self) -> int:
        """How long an agent must be ready to wait."""
        return GO_TIMEOUT_MS + self._stagger_ms * len(self._missing | set(self._waiting))

    def arrive(self, number: int, agent: SteeredAgent) -> None:
        """This one only waits for the others."""
        self._missing.discard(number)
        self._waiting[number] = agent
        self._open_if_complete()

    def leave(self, number: int, who: str, error: StressError) -> None:
        """This one is not going to be loaded."""
        self._missing.discard(number)
        self._waiting.pop(number, None)
        self._due_ms.pop(number, None)
        if not self._keep_going and not self._is_open and self.problem is None:
            self.problem = NotLoaded(f"not loaded, since {who} could not be: {error}", error)
        self._open_if_complete()

    def release_due(self) -> None:
        """Tell those to go whose time has come."""
        now_ms = self._now_ms()
        for number in [n for n, due_ms in self._due_ms.items() if due_ms <= now_ms]:
            del self._due_ms[number]
            self._waiting.pop(number).send(GO)

    def has_gone(self, number: int) -> bool:
        """Whether this one was told to go."""
        return self._is_open and number not in self._waiting

    def _open_if_complete(self) -> None:
        if self._missing or self._is_open or self.problem is not None:
            return
        began_ms = self._now_ms()
        self._due_ms = {
            number: began_ms + place * self._stagger_ms
            for place, number in enumerate(sorted(self._waiting))
        }
        self._is_open = True
        self.release_due()
