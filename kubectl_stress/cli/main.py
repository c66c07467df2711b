"""The command line as a whole: the group of commands, and where errors become exit codes."""

import os
import signal
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from kubectl_stress import __version__
from kubectl_stress.cli.argv import as_click_reads, is_debug, with_callers_kubectl
from kubectl_stress.cli.commands import CommandGroup
from kubectl_stress.errors import Interrupted, StressError

if TYPE_CHECKING:
    from kubectl_stress.cli.wiring import Connect


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kubectl stress")
@click.option("--debug", is_flag=True, help="Print the traceback of an error")
@click.pass_context
def cli(context: click.Context, debug: bool) -> None:
    """Load a running container in its own cgroup, up to its limits, and judge what happens.

    TARGET is a pod or its owner: NAME, pod/NAME, deploy/NAME, sts/NAME, ds/NAME, rs/NAME or
    job/NAME.

    Exit codes: 0 as expected, 1 could not run, 2 usage, 3 verdict not as expected,
    4 inconclusive, 5 refused by a guard, 130 interrupted (the load has been released).

    With several targets the exit code is the worst of theirs, in this order: 130, 1, 2, 5, 3, 4, 0.
    """
    context.ensure_object(dict)["debug"] = debug


def run_command_line(arguments: Sequence[str], *, connect: "Connect | None" = None) -> int:
    """Run the command and return its exit code; every error becomes one line on stderr.

    `connect` makes the cluster that flags name, where it is not to be a server.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # as it was until here
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup's SIGHUP stays ignored
            signal.signal(number, _as_interrupt)
    try:
        code = _exit_code(arguments, connect)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:  # another one, while the first was answered
        return Interrupted.exit_code
    except BrokenPipeError:  # the reader of stdout went away (| head)
        _drop_output()
        return 1
    except OSError as error:
        if is_debug(arguments):
            raise
        _drop_output()
        what = f"{error.filename}: " if error.filename else ""
        return _print_error(f"error: {what}{error.strerror or error}", 1)
    except Exception as error:
        if is_debug(arguments):
            raise
        return _print_error(_unexpected(error), 1)


def _unexpected(error: Exception) -> str:
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return (
        f"error: unexpected {what}; this is a bug in kubectl stress {__version__}: please report "
        "it with what the same command and --debug print"
    )


def _as_interrupt(number: int, _frame: object) -> None:
    if number == signal.SIGHUP:
        _leave_closed_terminal()
    raise KeyboardInterrupt(signal.Signals(number).name)


def _exit_code(arguments: Sequence[str], connect: "Connect | None") -> int:
    try:
        result = cli.main(
            args=as_click_reads(arguments),
            prog_name="kubectl stress",
            standalone_mode=False,
            obj={"connect": connect} if connect else {},
        )
        return result if isinstance(result, int) else 0
    except StressError as error:
        if is_debug(arguments):
            raise
        return _print_error(f"error: {error}", error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        return _print_error(error.format_message(), 2)
    except click.UsageError as error:
        message = " ".join(error.format_message().split()).removesuffix(".")
        command = error.ctx.command_path if error.ctx else "kubectl stress"
        return _print_error(f"error: {message}; see '{command} --help'", 2)
    except (KeyboardInterrupt, click.Abort):
        return _print_error("error: interrupted", Interrupted.exit_code)


def _print_error(text: str, exit_code: int) -> int:
    with suppress(OSError):
        click.echo(with_callers_kubectl(text, os.environ), err=True)
    return exit_code


def _leave_closed_terminal() -> None:
    """A terminal that has gone fails each write, and would so cut short what is still to be done.

    What is a device and no terminal any more is it, or is /dev/null already.
    """
    for descriptor in (1, 2):
        with suppress(OSError):
            if stat.S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor):
                _send_nowhere(descriptor)


def _drop_output() -> None:
    """What stdout did not take is lost, and the interpreter must not complain of it at exit."""
    with suppress(OSError, ValueError):
        _send_nowhere(sys.stdout.fileno())


def _send_nowhere(descriptor: int) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
