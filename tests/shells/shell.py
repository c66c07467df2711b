"""A real shell in a terminal, with kubectl's own completion, as a person has it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pexpect
import pyte

_COLUMNS, _LINES = 160, 40
_PATIENCE_S = 60.0
_QUIET_S = 0.3
_RUN = {
    "bash": ["bash", "--noprofile", "--norc", "-i"],
    "zsh": ["zsh", "--no-rcs", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
_SETUP = {
    "bash": [
        "PS1='$ '",
        "bind 'set show-all-if-ambiguous on'",
        "source /usr/share/bash-completion/bash_completion",
        "source <(kubectl completion bash)",
    ],
    "zsh": [
        "PS1='$ '",
        "setopt NO_LIST_BEEP AUTO_LIST",
        "unsetopt ALWAYS_LAST_PROMPT PROMPT_SP",
        "autoload -Uz compinit && compinit -u -D",
        "source <(kubectl completion zsh)",
    ],
    "fish": [
        "function fish_prompt; echo '$ '; end; function fish_greeting; end",
        "kubectl completion fish | source",
    ],
}


class Shell:
    """One shell; `typed` is what stands on the command line after words and a press of Tab."""

    def __init__(self, name: str, environ: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self._screen = pyte.Screen(_COLUMNS, _LINES)
        self._stream = pyte.Stream(self._screen)
        command, *arguments = _RUN[name]
        self._process = pexpect.spawn(
            command,
            arguments,
            env={**environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"},
            cwd=str(folder),
            dimensions=(_LINES, _COLUMNS),
            encoding="utf-8",
            timeout=_PATIENCE_S,
        )
        for line in _SETUP[name]:
            self._process.send(f"{line}\r")
        self._process.send("echo rea''dy\r")
        self._wait_for("ready")

    def close(self) -> None:
        """End the shell."""
        self._process.close(force=True)

    def press_tab(self, words: str, expected: str) -> str:
        """The screen once `expected` is on it, after these words and Tab; else what is there."""
        self._process.sendcontrol("c")
        self._process.send("clear\r" if self.name != "fish" else "clear; echo\r")
        self._read_until_quiet()
        self._process.send(words)
        self._read_until_quiet()
        self._process.send("\t")
        return self._wait_for(expected)

    def _wait_for(self, expected: str) -> str:
        deadline = time.monotonic() + _PATIENCE_S
        while expected not in self._text() and time.monotonic() < deadline:
            self._read()
        self._read_until_quiet()
        return self._text()

    def _read_until_quiet(self) -> None:
        while self._read():
            pass

    def _read(self) -> bool:
        try:
            self._stream.feed(self._process.read_nonblocking(65536, timeout=_QUIET_S))
        except pexpect.TIMEOUT:
            return False
        return True

    def _text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display).strip()
