"""`kubectl stress help`: what an outcome means, or a command's help."""

import click

from kubectl_stress.cli.commands import PLACES
from kubectl_stress.errors import UsageError


def _topics(_context: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    from kubectl_stress.verdict.meanings import WORDS

    words = (*WORDS, *PLACES)
    return sorted(word for word in words if word.startswith(typed))


@click.command("help")
@click.argument("word", metavar="[OUTCOME]", required=False, shell_complete=_topics)
@click.pass_context
def help_command(context: click.Context, word: str | None) -> None:
    """Explain what OUTCOME means and what to do about it. Without OUTCOME, list all of them.

    \b
    kubectl stress help group-oom-killed
    """
    from kubectl_stress.verdict.meanings import WORDS, listing

    if word is None:
        click.echo(listing())
        return
    parent = context.parent
    assert parent is not None
    assert isinstance(parent.command, click.Group)
    command = parent.command.get_command(parent, word)
    if word in WORDS:
        click.echo(click.wrap_text(WORDS[word], width=80))
    elif command is not None:
        with click.Context(command, info_name=word, parent=parent) as inner:
            click.echo(command.get_help(inner))
    else:
        raise UsageError(f'unknown outcome "{word}" (valid: {", ".join(WORDS)})')
