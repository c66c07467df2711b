"""Files of manifests → the experiments in them, and what is to be said of each line. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from kubectl_stress.manifest.diagnostic import Diagnostic, Diagnostics, Severity
from kubectl_stress.manifest.documents import parse
from kubectl_stress.manifest.field import Field
from kubectl_stress.manifest.lint import lint
from kubectl_stress.manifest.stresschaos import API_VERSION, KIND, Experiment, read_experiment
from kubectl_stress.plan.amount import ShareBase

_GROUP = "chaos-mesh.org"
_OLD_GROUP = "pingcap.com"  # of Chaos Mesh 0.x


class Step(Enum):
    """What was done with one object; those of a list are read together."""

    READ = "read"
    CHECKED = "checked"


@dataclass(frozen=True)
class Manifest:
    """One file: what can be run of it, and all that was found, in the order of lines."""

    file: str
    experiments: tuple[Experiment, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def has_errors(self) -> bool:
        return any(one.severity is Severity.ERROR for one in self.diagnostics)


def read_manifest(
    file: str, data: bytes, percent_of: ShareBase, seen: Callable[[Step], None] = lambda _: None
) -> Manifest:
    """Read every document; a mistake in one leaves the others. `seen` hears of each step."""
    parsed = parse(data, lambda: seen(Step.READ))
    diagnostics, experiments = list(parsed.diagnostics), []
    objects = [inner for document in parsed.documents for inner in _objects(document)]
    for document in objects:
        found = Diagnostics()
        experiment = _experiment(document, percent_of, found)
        diagnostics += found.found
        if experiment is not None:
            experiments.append(replace(experiment, file=file))
        seen(Step.CHECKED)
    if not objects and not diagnostics:
        diagnostics.append(Diagnostic(Severity.ERROR, 1, "", "no manifest in it"))
    return Manifest(file, tuple(experiments), tuple(_ordered(diagnostics)))


def _ordered(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    return sorted(diagnostics, key=lambda one: one.line)


def _objects(document: Field) -> Iterator[Field]:
    """The document, or what it lists (`kubectl get -o yaml`)."""
    if document["kind"].written in ("List", f"{KIND}List") and document["items"].items():
        yield from document["items"].items()
    else:
        yield document


def _experiment(
    document: Field, percent_of: ShareBase, diagnostics: Diagnostics
) -> Experiment | None:
    group, _, version = document["apiVersion"].written.rpartition("/")
    kind = document["kind"].written
    if kind == KIND and group not in (_GROUP, _OLD_GROUP):
        diagnostics.error(document["apiVersion"], f"of a {KIND}: write {API_VERSION}")
    elif not kind or not document["apiVersion"]:
        diagnostics.error(document["kind"], f"not a Kubernetes object: kind {KIND} is expected")
    elif group == _OLD_GROUP:
        diagnostics.error(document["apiVersion"], f"of Chaos Mesh 0.x: write {API_VERSION}")
    elif group != _GROUP or (kind not in (KIND, "Schedule", "Workflow")):
        diagnostics.warning(document["kind"], f"{kind} is skipped: only a {KIND} is run")
    elif version != "v1alpha1":
        diagnostics.error(document["apiVersion"], f"unknown version: write {API_VERSION}")
    elif kind == KIND:
        experiment = read_experiment(document, percent_of, diagnostics)
        if experiment is not None:
            lint(document, percent_of, diagnostics)
        return experiment
    else:
        _refuse_wrapped(document, diagnostics)
    return None


def _refuse_wrapped(document: Field, diagnostics: Diagnostics) -> None:
    """A Schedule or a Workflow: what stands in it is run by Chaos Mesh's controllers alone."""
    kind, spec = document["kind"], document["spec"]
    types = [spec["type"].written] if kind.written == "Schedule" else _template_types(spec)
    if KIND not in types:
        named = ", ".join(filter(None, types)) or "nothing"
        diagnostics.warning(kind, f"{kind.written} of {named} is skipped: only a {KIND} is run")
    elif kind.written == "Schedule":
        schedule = spec["schedule"].written
        diagnostics.error(
            kind,
            f"a Schedule needs Chaos Mesh: put spec.stressChaos into a {KIND} of its own, and run "
            f'it from a CronJob of the cluster (schedule "{schedule}")',
        )
    else:
        diagnostics.error(
            kind, f"a Workflow needs Chaos Mesh: put each stressChaos into a {KIND} of its own"
        )


def _template_types(spec: Field) -> list[str]:
    return [template["templateType"].written for template in spec["templates"].items()]
