"""Help and completion stay quick: what is heavy is imported by the command that needs it."""

import subprocess
import sys

import pytest

from kubectl_stress.cli.commands import PLACES

HEAVY = ("kubernetes", "msgspec", "rich", "ssl", "tabulate", "urllib3", "websocket", "yaml")


def imported_by(*words: str) -> set[str]:
    """The modules that the program has imported at its end, by the interpreter's own list."""
    argv = [sys.executable, "-X", "importtime", "-m", "kubectl_stress", *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}


@pytest.mark.parametrize("name", ["", *sorted(PLACES)])
def test_help_imports_neither_a_heavy_library_nor_another_command(name: str) -> None:
    found = imported_by(*filter(None, [name, "--help"]))

    others = {place.module for place in PLACES.values()}
    others -= {PLACES[name].module} if name else set()
    assert found >= {"kubectl_stress.cli.commands", "click"}
    assert found & set(HEAVY) == set()
    assert found & {f"kubectl_stress.cli.{module}" for module in others} == set()


def test_completion_of_an_option_imports_what_reads_options_alone() -> None:
    program = "from kubectl_stress.__main__ import complete; complete()"
    argv = [sys.executable, "-X", "importtime", "-c", program, "mem", "--si"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    found = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}

    assert done.stdout.splitlines()[0].startswith("--size\t")
    assert found & set(HEAVY) == set()
    assert found & {"csv", "json", "pathlib", "random", "kubectl_stress.plan.spec"} == set()
    packages = {name.split(".")[1] for name in found if name.startswith("kubectl_stress.")}
    assert packages & {"kube", "live", "operations", "session", "preflight", "results"} == set()


_WAITING_SERVER = """
import sys, time
from kubectl_stress.cli.main import run_command_line

class Server:
    namespace = "default"

    def rules(self, namespace):
        while "kubectl_stress.operations.load" not in sys.modules:
            time.sleep(0.01)
        print("imported")
        sys.exit()

run_command_line(["mem", "web", "--size", "1Mi"], connect=lambda flags: Server())
"""


def test_a_run_is_imported_while_the_first_answer_is_waited_for() -> None:
    argv = [sys.executable, "-c", _WAITING_SERVER]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=300)

    assert done.stdout == "imported\n"
