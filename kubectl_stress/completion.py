"""Shell completion as kubectl asks for it: `value<TAB>help` lines, then a directive.

kubectl runs `kubectl_complete-PLUGIN ARGS… TOCOMPLETE` (kubectl's
pkg/cmd/plugin/plugin_completion.go).
"""

from collections.abc import Sequence

from click.shell_completion import CompletionItem, ShellComplete

from kubectl_stress.cli import cli

_NO_FILES = ":4"  # cobra.ShellCompDirectiveNoFileComp


class _KubectlComplete(ShellComplete):
    name = "kubectl"
    source_template = ""

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__(cli, {}, "kubectl stress", "")
        self._words = words

    def get_completion_args(self) -> tuple[list[str], str]:
        return list(self._words[:-1]), self._words[-1] if self._words else ""

    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.value}\t{item.help}" if item.help else str(item.value)


def print_completions(words: Sequence[str]) -> None:
    """Print what may follow `words`, the last of which is being typed."""
    answer = _KubectlComplete(words).complete()
    print("\n".join(filter(None, [answer, _NO_FILES])))
