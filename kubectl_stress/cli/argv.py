"""The words of the command line, as click wants them."""

import re
from collections.abc import Mapping, Sequence

_SHORT_WITH_EQUALS = re.compile(r"^(-[a-zA-Z])=")


# Commands of kubectl that our hints name.
_KUBECTL = re.compile(r"\bkubectl (?=(auth|config|create|describe|get|logs|scale) )")


def with_callers_kubectl(text: str, environ: Mapping[str, str]) -> str:
    """The text with its hints naming the kubectl that called us, which sets KUBECTL_PATH."""
    import shutil
    from os.path import realpath

    path = environ.get("KUBECTL_PATH", "")
    found = shutil.which("kubectl", path=environ.get("PATH", ""))
    # kubectl gives its own file, and not the link by whose name k3s and others know what to be.
    if not path or (found is not None and realpath(found) == realpath(path)):
        return text
    return _KUBECTL.sub(lambda _: f"{path} ", text)


def is_debug(words: Sequence[str]) -> bool:
    """Whether --debug was given, before or after the command."""
    return "--debug" in _options(words)


def as_click_reads(words: Sequence[str]) -> list[str]:
    """The words with `-o=json` as `-ojson`, and with --debug before the command.

    pflag (kubectl) allows both forms, and its global flags anywhere.
    """
    options = _options(words)
    known = [_SHORT_WITH_EQUALS.sub(r"\1", word) for word in options if word != "--debug"]
    return [*["--debug"] * is_debug(words), *known, *words[len(options) :]]


def _options(words: Sequence[str]) -> Sequence[str]:
    return words[: words.index("--")] if "--" in words else words
