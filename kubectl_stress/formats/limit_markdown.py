"""What a search found as Markdown, for a comment on a pull request. Pure."""

from kubectl_stress.formats.limit_text import all_heads, cells, facts, patch_state
from kubectl_stress.formats.markdown import code, folded_away, markdown_table, plain
from kubectl_stress.results.limit_result import LimitResult
from kubectl_stress.search.curve import curve


def limit_markdown(result: LimitResult) -> str:
    """A heading with the answer, what follows from it, and the levels folded away below."""
    target = result.target
    where = f"{target.namespace}/{target.pod}"
    limit = result.settings.unit.text(result.settings.limit)
    heads = all_heads(result)
    rows = [[cells(point, result)[head] for head in heads] for point in curve(result.tries)]
    patches = [
        f"Patch of {code(f'{patch.kind}/{patch.name}')} ({plain(patch_state(patch))}):\n\n"
        f"```sh\n{patch.command}\n```"
        for patch in result.patches
    ]
    parts = [
        f"### kubectl stress find-limit: {result.answer.kind.value}",
        plain(result.answer.sentence),
        f"Container {code(target.container)} of pod {code(where)}, limit {limit}.",
        "\n".join(f"- {plain(fact)}" for fact in facts(result)),
        *patches,
        folded_away("Levels", markdown_table(heads, rows)),
    ]
    return "\n\n".join(parts)
