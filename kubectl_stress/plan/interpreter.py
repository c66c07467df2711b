"""What in the target's own image can receive the agent, and how it is called. Pure: no I/O.

An ephemeral container of that image runs a script that only waits. The client then executes a
second script in it, which takes the agent from its stdin and puts it where the first one looks for
it; that becomes the agent. Both are in plan/shell_scripts.py and plan/language_scripts.py.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from kubectl_stress.plan import language_scripts as languages
from kubectl_stress.plan import shell_scripts as shell
from kubectl_stress.targets.target import Target

SPARE_FOLDER = "/kubectl-stress"
"""Where an emptyDir is mounted that no other container uses; the scripts know it too."""

LACKS_PROGRAM, LACKS_FOLDER = 72, 73
"""Exit codes of the waiting script; what is missing stands in its termination message."""

_FOLDERS = "/tmp /var/tmp /run"
_FLAGS = {"python": "-c", "node": "-e", "perl": "-e"}
_KINDS = {
    "sh": (shell.WAIT_SH, shell.RECEIVE_SH),
    "python": (languages.WAIT_PYTHON, languages.RECEIVE_PYTHON),
    "node": (languages.WAIT_NODE, languages.RECEIVE_NODE),
    "perl": (languages.WAIT_PERL, languages.RECEIVE_PERL),
}
# Of images that are made for one language, which may have no shell (distroless, Chainguard).
_LANGUAGE_IMAGES = (
    (re.compile(r"python3?(-|\d|$)"), "python", "python3"),
    (re.compile(r"nodejs\d*(-|$)"), "node", "/nodejs/bin/node"),
    (re.compile(r"node$"), "node", "node"),
    (re.compile(r"perl$"), "perl", "perl"),
)


@dataclass(frozen=True)
class Interpreter:
    """A program that runs both scripts: `words` come before a script, `prelude` opens it."""

    kind: str
    words: tuple[str, ...]
    prelude: str = ""

    @property
    def program(self) -> str:
        """The program that the image must have."""
        return self.words[0]

    def wait_command(self, arguments: Sequence[str]) -> list[str]:
        """Waits at most two minutes for the agent, and becomes it with these arguments."""
        return self._command(_KINDS[self.kind][0], arguments)

    def receive_command(self) -> list[str]:
        """Takes the agent from stdin for the script that waits."""
        return self._command(_KINDS[self.kind][1], ())

    def _command(self, script: str, arguments: Sequence[str]) -> list[str]:
        name = ["kubectl-stress"] if self.kind == "sh" else []  # $0 of a shell
        return [*self.words, self.prelude + script, *name, _FOLDERS, *arguments]


SH = Interpreter("sh", ("sh", "-c"))


def interpreters(target: Target) -> tuple[Interpreter, ...]:
    """What to try in this order: a shell, which takes least memory, then what the pod names."""
    named = _named_by_command(target.entrypoint) or _named_by_image(target.image)
    return (SH,) if named is None else (SH, named)


def _named_by_command(program: str) -> Interpreter | None:
    name = PurePosixPath(program).name
    if name == "busybox":
        return Interpreter("sh", (program, "sh", "-c"), shell.applets(program))
    kind = re.sub(r"[\d.]+$", "", name)
    return Interpreter(kind, (program, _FLAGS[kind])) if kind in _FLAGS else None


def _named_by_image(image: str) -> Interpreter | None:
    name = re.split(r"[@:]", image.rpartition("/")[2])[0]
    for pattern, kind, program in _LANGUAGE_IMAGES:
        if pattern.match(name):
            return Interpreter(kind, (program, _FLAGS[kind]))
    return None
