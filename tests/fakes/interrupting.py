"""An inbox in which somebody presses Ctrl-C."""

from collections.abc import Callable

from kubectl_stress.session.event_loop import Inbox


class Interrupting(Inbox):
    """Ctrl-C, once, as soon as `is_time`."""

    def __init__(self, is_time: Callable[[], bool]) -> None:
        super().__init__()
        self._is_time, self._is_done = is_time, False

    def get(self, block: bool = True, timeout: float | None = None):  # type: ignore[no-untyped-def]
        if not self._is_done and self._is_time():
            self._is_done = True
            raise KeyboardInterrupt
        return super().get(block, 0.01 if timeout else timeout)
