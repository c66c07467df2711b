"""The words of the command line, as click wants them."""

import re
from collections.abc import Sequence

_SHORT_WITH_EQUALS = re.compile(r"^(-[a-zA-Z])=")


def as_click_reads(words: Sequence[str]) -> list[str]:
    """The words with `-o=json` as `-ojson`: pflag (kubectl) allows both, click the latter."""
    end = words.index("--") if "--" in words else len(words)
    known = [_SHORT_WITH_EQUALS.sub(r"\1", word) for word in words[:end]]
    return [*known, *words[end:]]
