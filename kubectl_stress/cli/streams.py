"""Standard streams that the caller closed (`<&-`, `>&-`, `2>&-`), and the text they take."""

import io
import os
import sys

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def open_standard_streams() -> None:
    """Put /dev/null where a standard stream is closed.

    Python leaves None there, and the next socket or file would get the descriptor's number: a
    plugin for credentials would then write into it.
    """
    for number, (name, mode) in enumerate(_STREAMS):
        if getattr(sys, name) is None:
            _open_null(number)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
    _write_utf8()


def terminal_width() -> int | None:
    """The columns of the terminal that stdout is; None where it is none."""
    if not sys.stdout.isatty():
        return None
    import shutil  # with the compressions that it knows, which nothing else here needs

    return shutil.get_terminal_size().columns


def _write_utf8() -> None:
    """Output is UTF-8 in every locale, as kubectl's is: a page or a plot holds more than Latin-1.

    A name of a file need not be text: its bytes are escaped, as Python does on stderr.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _open_null(number: int) -> None:
    descriptor = os.open(os.devnull, os.O_RDWR)
    if descriptor != number:
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.set_inheritable(number, True)
