"""Entry points: `kubectl stress`, `python -m kubectl_stress` and shell completion."""

import gc
import os
import signal
import sys

# Imports make many objects and hardly any garbage: at the default of 700, looking for it takes a
# seventh of the time that a short command needs.
gc.set_threshold(100_000, 20, 20)


def _restore_library_path() -> None:
    """Undo what a PyInstaller bundle exports, so that credential helpers run on their own libs.

    Source: PyInstaller's manual, "LD_LIBRARY_PATH / LIBPATH considerations".
    """
    if not getattr(sys, "frozen", False):
        return
    original = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    os.environ.pop("LD_LIBRARY_PATH", None)
    if original is not None:
        os.environ["LD_LIBRARY_PATH"] = original


def _prepare() -> None:
    from kubectl_stress.cli.streams import open_standard_streams

    _restore_library_path()
    open_standard_streams()


def _end_on_interrupt() -> None:
    """Have Ctrl-C end the process at once, while nobody is there yet who could answer it.

    Python would print a traceback of whatever it was importing. Whoever ignores it (nohup, a job in
    the background) goes on to.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def main() -> None:
    """Run the command line and exit with its code.

    As kubectl_complete-stress, a link to the same program, it answers kubectl's question.
    """
    _end_on_interrupt()
    # Not pathlib: with what it imports it takes as long as the rest of this module.
    name = os.path.basename(sys.argv[0])  # noqa: PTH119
    if name.startswith("kubectl_complete-"):
        complete()
        return
    _prepare()
    from kubectl_stress.cli.main import run_command_line

    code = run_command_line(sys.argv[1:])
    # All is said and done: another Ctrl-C while Python ends must not change the exit code.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


def complete() -> None:
    """Answer kubectl's question for completions (`kubectl_complete-stress ARGS…`)."""
    _end_on_interrupt()
    _prepare()
    from kubectl_stress.cli.complete import print_completions

    print_completions(sys.argv[1:])


if __name__ == "__main__":
    main()
