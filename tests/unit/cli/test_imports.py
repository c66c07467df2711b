"""Help and completion stay quick: what is heavy is imported by the command that needs it."""

import subprocess
import sys

import pytest

HEAVY = ("kubernetes", "rich", "tabulate", "urllib3", "websocket", "yaml")


@pytest.mark.parametrize("module", ["kubectl_stress.cli.main", "kubectl_stress.__main__"])
def test_the_command_line_is_understood_without_the_heavy_libraries(module: str) -> None:
    program = f"import sys, {module}; print(*sorted(set(sys.modules) & set({HEAVY})))"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (done.stdout.split(), done.stderr) == ([], "")
