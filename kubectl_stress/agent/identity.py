"""Under which name a run is known in the pod: to its agent, to holders and to others. Pure."""

from dataclasses import dataclass

from kubectl_stress.text import clean

_MOST_BYTES = 128  # as many as the agent takes


@dataclass(frozen=True)
class RunIdentity:
    """The ID of a run, and who started it; the same for all targets and loads of one command."""

    run: str
    started_by: str

    def arguments(self) -> list[str]:
        """What the agent is told."""
        return ["--run-id", self.run, "--started-by", agent_text(self.started_by)]


def agent_text(text: str) -> str:
    """A name as the agent takes it: one line of at most 128 bytes of UTF-8."""
    return clean(text).encode()[:_MOST_BYTES].decode(errors="ignore") or "unknown"
