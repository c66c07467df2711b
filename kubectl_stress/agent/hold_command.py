"""How the holder is started, and which version of the protocol its command says. Pure."""

from collections.abc import Sequence

PROTOCOL = 2
_PROTOCOL_WORDS = ["--protocol", str(PROTOCOL)]


def hold_arguments(linger_ms: int) -> list[str]:
    """Arguments of the holder, the ephemeral container's own process."""
    return ["hold", *_PROTOCOL_WORDS, "--linger-ms", str(linger_ms)]


def speaks_our_protocol(command: Sequence[str]) -> bool:
    """Whether a holder was started by this command in our protocol: version 1 did not say it.

    Where the agent is copied into another image, a script and its words come first.
    """
    if "hold" not in command:
        return False
    first = list(command).index("hold") + 1
    return list(command[first : first + 2]) == _PROTOCOL_WORDS
