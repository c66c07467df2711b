"""Shell completion as kubectl asks for it: `value<TAB>help` lines, then a directive.

kubectl runs `kubectl_complete-PLUGIN ARGS… TOCOMPLETE` (kubectl's
pkg/cmd/plugin/plugin_completion.go).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem, ShellComplete

from kubectl_stress.cli.main import cli

if TYPE_CHECKING:
    from kubectl_stress.cli.wiring import Connect

# cobra.ShellCompDirectiveDefault: the shell completes file names; NoFileComp: it does not.
_FILES, _NO_FILES = ":0", ":4"


class _KubectlComplete(ShellComplete):
    name = "kubectl"
    source_template = ""

    def __init__(self, words: Sequence[str], connect: "Connect | None") -> None:
        super().__init__(
            cli, {"obj": {"connect": connect} if connect else {}}, "kubectl stress", ""
        )
        self._words = words

    def get_completion_args(self) -> tuple[list[str], str]:
        return list(self._words[:-1]), self._words[-1] if self._words else ""

    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.value}\t{item.help}" if item.help else str(item.value)


def print_completions(words: Sequence[str], *, connect: "Connect | None" = None) -> None:
    """Print what may follow `words`, the last of which is being typed.

    `connect` makes the cluster that flags name, where it is not to be a server.
    """
    completion = _KubectlComplete(words, connect)
    found = completion.get_completions(*completion.get_completion_args())
    plain = [completion.format_completion(item) for item in found if item.type == "plain"]
    print("\n".join([*plain, _NO_FILES if len(plain) == len(found) else _FILES]))
