"""A StressChaos document → the experiment that it asks for, or why it cannot be run. Pure."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from kubectl_stress.manifest.diagnostic import Diagnostics
from kubectl_stress.manifest.field import Field
from kubectl_stress.manifest.go_values import parse_duration_ms
from kubectl_stress.manifest.schema import STRESS_CHAOS, check
from kubectl_stress.manifest.selection import read_selector
from kubectl_stress.manifest.stressors import CpuStressor, MemoryStressor, read_cpu, read_memory
from kubectl_stress.plan.amount import ShareBase
from kubectl_stress.targets.choose import Choice, Mode
from kubectl_stress.targets.selector import PodSelector

Value = TypeVar("Value")
API_VERSION = "chaos-mesh.org/v1alpha1"
KIND = "StressChaos"
# RFC 1123, as the API server holds names to it; a generated name goes on after its prefix.
_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_FORMS = {
    "name": rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*",
    "generateName": r"[a-z0-9][-a-z0-9.]{0,252}",
    "namespace": _LABEL,
}
PAUSE_ANNOTATION = "experiment.chaos-mesh.org/pause"


@dataclass(frozen=True)
class Experiment:
    """What a StressChaos asks for.

    Without `containers` the first of each pod is meant, without `duration_ms` no end is set, and
    without `namespace` that of the connection. `file` is the one that it was read from.
    """

    line: int
    name: str
    namespace: str | None
    selector: PodSelector
    choice: Choice
    containers: tuple[str, ...] = ()
    duration_ms: int | None = None
    memory: MemoryStressor | None = None
    cpu: CpuStressor | None = None
    file: str = field(default="", compare=False)

    def __str__(self) -> str:
        """As kubectl names an object, with where it is written."""
        return f"stresschaos/{self.name} ({self.file}:{self.line})"

    def selector_in(self, namespace: str) -> PodSelector:
        """The selector, with the experiment's own namespace or the one given where it has none."""
        own = (self.namespace or namespace,)
        return self.selector if self.selector.namespaces else replace(self.selector, namespaces=own)


def read_experiment(
    document: Field, percent_of: ShareBase, diagnostics: Diagnostics
) -> Experiment | None:
    """The experiment; None where `diagnostics` has what keeps it from running."""
    check(document, STRESS_CHAOS, diagnostics)
    _refuse_what_cannot_run(document, diagnostics)
    _refuse_names(document, diagnostics)
    spec, metadata = document["spec"], document["metadata"]
    memory, cpu = spec["stressors"]["memory"], spec["stressors"]["cpu"]
    read = partial(_read_sound, diagnostics)
    memory_stressor = read(memory, lambda: read_memory(memory, percent_of, diagnostics))
    cpu_stressor = read(cpu, lambda: read_cpu(cpu, diagnostics))
    choice = read(spec["mode"], lambda: _choice(spec, diagnostics))
    selector = read(spec["selector"], lambda: read_selector(spec["selector"], diagnostics))
    duration_ms = read(spec["duration"], lambda: _duration_ms(spec["duration"], diagnostics))
    if diagnostics.has_errors or choice is None or selector is None:
        return None
    return Experiment(
        line=document.line,
        name=metadata["name"].written or metadata["generateName"].written,
        namespace=metadata["namespace"].written or None,
        selector=selector,
        choice=choice,
        containers=spec["containerNames"].strings(),
        duration_ms=duration_ms,
        memory=memory_stressor,
        cpu=cpu_stressor,
    )


def _read_sound(
    diagnostics: Diagnostics, field: Field, make: Callable[[], Value | None]
) -> Value | None:
    """What is made of a field whose form is right: a mistake elsewhere hides none in it."""
    return make() if field and diagnostics.is_sound(field) else None


def _choice(spec: Field, diagnostics: Diagnostics) -> Choice | None:
    mode, value = spec["mode"].written, spec["value"]
    if not diagnostics.is_sound(value):
        return None
    is_known = mode in {known.value for known in Mode}
    blamed = value if value and is_known else spec["mode"]
    return diagnostics.attempt(blamed, lambda: Choice.parse(mode, value.written))


def _refuse_names(document: Field, diagnostics: Diagnostics) -> None:
    """Those that the API server would not take: they stand in what is said of the experiment."""
    for form, named in _names(document):
        if named.written and not re.fullmatch(_FORMS[form], named.written):
            shown = named.written
            if not shown.isprintable():  # cleaned it might look like a name
                shown = shown.encode("unicode_escape").decode("ascii")
            diagnostics.error(
                named,
                f'"{shown}" is not a name that Kubernetes takes: lower case letters, '
                'digits and "-", with a letter or digit at both ends',
            )


def _names(document: Field) -> Iterator[tuple[str, Field]]:
    yield from ((form, document["metadata"][form]) for form in _FORMS)
    selector = document["spec"]["selector"]
    yield from (("namespace", named) for named in selector["namespaces"].items())


def _refuse_what_cannot_run(document: Field, diagnostics: Diagnostics) -> None:
    spec = document["spec"]
    for name in ("mode", "selector"):
        if not spec[name]:
            diagnostics.error(spec[name], "missing")
    if spec["remoteCluster"].written:
        diagnostics.error(
            spec["remoteCluster"],
            "not supported: remove it, and choose the cluster with --context",
        )
    if spec["stressngStressors"].written:
        diagnostics.error(
            spec["stressngStressors"],
            "needs stress-ng; Chaos Mesh itself runs nothing when it is set: use stressors",
        )
    elif not any(field for _name, field in spec["stressors"].named()):
        diagnostics.error(spec["stressors"], "missing: give memory, cpu or both")
    pause = document["metadata"]["annotations"][PAUSE_ANNOTATION]
    if pause.written == "true":
        diagnostics.error(pause, "the experiment is paused: remove the annotation to run it")


def _duration_ms(duration: Field, diagnostics: Diagnostics) -> int | None:
    if not duration.written:
        return None
    found = diagnostics.attempt(duration, lambda: parse_duration_ms(duration.written))
    if found == 0:
        diagnostics.error(duration, "must be more than 0")
    return found
