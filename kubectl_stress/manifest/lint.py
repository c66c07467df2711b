"""What Chaos Mesh ignores, refuses, or reads otherwise than a StressChaos is written. Pure.

Each rule was read from chaos-mesh at 608b61e7c (v2.8) and chaos-mesh/memStress at 6583ea9; where
this tool does otherwise, the sentence says so.
"""

from kubectl_stress.manifest.diagnostic import Diagnostics
from kubectl_stress.manifest.field import Field
from kubectl_stress.manifest.go_values import has_blank, parse_size, refused_size_suffix
from kubectl_stress.manifest.stressors import cpu_flags, memory_options
from kubectl_stress.plan.amount import ShareBase
from kubectl_stress.quantity import format_bytes
from kubectl_stress.targets.choose import Mode
from kubectl_stress.targets.selector import is_label_value
from kubectl_stress.text import whole_number


def lint(document: Field, percent_of: ShareBase, diagnostics: Diagnostics) -> None:
    """Report what the author of a StressChaos that can be run should know."""
    spec, metadata = document["spec"], document["metadata"]
    if not metadata["name"] and not metadata["generateName"]:
        diagnostics.warning(metadata["name"], "missing: the API server refuses it without a name")
    if document["status"]:
        diagnostics.note(document["status"], "ignored: controllers write it")
    _lint_choice(spec, diagnostics)
    _lint_selector(spec["selector"], metadata["namespace"], diagnostics)
    _lint_containers(spec["containerNames"], spec, diagnostics)
    _lint_duration(spec["duration"], diagnostics)
    if spec["stressors"]["memory"]:
        _lint_memory(spec["stressors"]["memory"], percent_of, diagnostics)
    if spec["stressors"]["cpu"]:
        _lint_cpu(spec["stressors"]["cpu"], diagnostics)


def _lint_choice(spec: Field, diagnostics: Diagnostics) -> None:
    mode = Mode(spec["mode"].written)
    if spec["value"] and not mode.takes_value:
        diagnostics.warning(spec["value"], f"ignored: mode {mode.value} takes no value")
    if mode is Mode.RANDOM_MAX_PERCENT:
        diagnostics.note(
            spec["mode"],
            f"chooses between 0% and {spec['value'].written}% of the pods, possibly none",
        )


def _lint_selector(selector: Field, own: Field, diagnostics: Diagnostics) -> None:
    others = [name for name, field in selector.named() if field and name != "pods"]
    if any(selector["pods"].named()):
        if others:
            diagnostics.warning(
                selector["pods"], f"all other selectors are ignored: {', '.join(others)}"
            )
        return
    namespace = f'namespace "{own.written}"' if own.written else "the connection's namespace"
    if not selector["namespaces"].items():
        diagnostics.note(selector["namespaces"], f"not set: only pods in {namespace} are selected")
    if not set(others) - {"namespaces"}:
        diagnostics.note(selector, "selects every pod of its namespaces")
    for _name, annotation in selector["annotationSelectors"].named():
        if not is_label_value(annotation.written):
            diagnostics.warning(
                annotation,
                "Chaos Mesh parses it as a label value and fails; kubectl stress takes it as it is",
            )
    phases = selector["podPhaseSelectors"]
    if phases.items() and "Running" not in ",".join(phases.strings()):
        diagnostics.warning(phases, "only pods of phase Running can be loaded")


def _lint_containers(names: Field, spec: Field, diagnostics: Diagnostics) -> None:
    if not names.items():
        diagnostics.note(
            spec["containerNames"],
            "not set: only the first container of each pod is loaded; Chaos Mesh's reference says "
            "all, but its code does the same",
        )
    else:
        diagnostics.note(
            names,
            "Chaos Mesh silently skips a container that a pod does not have; kubectl stress fails",
        )


def _lint_duration(duration: Field, diagnostics: Diagnostics) -> None:
    if not duration.written:
        diagnostics.warning(
            duration,
            "missing: Chaos Mesh loads until the object is deleted, kubectl stress for 60s",
        )
    else:
        diagnostics.note(
            duration,
            "counted from the start of the load; Chaos Mesh counts from the creation of the object",
        )


def _lint_memory(memory: Field, percent_of: ShareBase, diagnostics: Diagnostics) -> None:
    options = memory_options(memory["options"], Diagnostics())
    _lint_workers(memory, diagnostics)
    overridden = {"size": options.size, "workers": options.workers, "time": options.time}
    for name, option in overridden.items():
        if option and memory[name]:
            diagnostics.warning(memory[name], f"ignored: --{name} in options takes precedence")
    size_at, size = options.size or (memory["size"], memory["size"].written)
    workers = options.workers[1] if options.workers else memory["workers"].written
    if size.endswith("%"):
        _lint_share(size_at, size, percent_of, diagnostics)
    else:
        _lint_size(size_at, size, diagnostics)
    if workers not in ("", "1"):
        diagnostics.note(
            size_at,
            f"the total of all {workers} workers; Chaos Mesh's reference says per worker, but its "
            "code divides it too",
        )
    _lint_memory_behaviour(memory, diagnostics)


def _lint_memory_behaviour(memory: Field, diagnostics: Diagnostics) -> None:
    if memory["time"]:
        diagnostics.warning(
            memory["time"],
            "in Chaos Mesh's documentation, but not in its API, which refuses or drops it (write "
            'options: ["--time 1m"]); kubectl stress takes it as the ramp',
        )
    score = memory["oomScoreAdj"].written
    if score and int(score) < 0:
        diagnostics.warning(
            memory["oomScoreAdj"],
            "needs CAP_SYS_RESOURCE in the target container if its own value is higher; Chaos Mesh "
            "sets it as root on the node",
        )
    elif score and int(score) == 0:
        diagnostics.note(
            memory["oomScoreAdj"],
            "keeps the target's own value; with Chaos Mesh the load inherits that of chaos-daemon",
        )


def _lint_share(at: Field, size: str, percent_of: ShareBase, diagnostics: Diagnostics) -> None:
    percent = whole_number(size[:-1])
    if percent is None or percent > 100:
        diagnostics.warning(at, "Chaos Mesh accepts only whole percentages from 0% to 100%")
    if percent_of is ShareBase.NODE:
        diagnostics.note(at, f"{size} of the node's memory, as Chaos Mesh reads it")
    else:
        diagnostics.warning(
            at,
            f"{size} of the container's memory limit; Chaos Mesh takes {size} of the node's memory "
            "(as --percent-of node does)",
        )


def _lint_size(at: Field, size: str, diagnostics: Diagnostics) -> None:
    size_bytes = parse_size(size)
    suffix = refused_size_suffix(size)
    if suffix is not None:
        better = f"write {size}B" if size.lower().endswith("i") else "write it in GiB"
        diagnostics.warning(at, f'Chaos Mesh refuses "{suffix}" in a size: {better}')
    if has_blank(size):
        first = size.split()[0]
        diagnostics.warning(
            at,
            f"Chaos Mesh splits it at the space and reads {first} bytes: write "
            f"{''.join(size.split())}",
        )
    if not size.isdigit() and "i" not in size.lower() and size_bytes >= 1000:
        diagnostics.note(
            at, f"decimal units: {size} is {size_bytes:,} bytes ({format_bytes(size_bytes)})"
        )


def _lint_cpu(cpu: Field, diagnostics: Diagnostics) -> None:
    _lint_workers(cpu, diagnostics)
    workers, load = cpu["workers"].written or "1", cpu["load"].written or "100"
    if not cpu["load"]:
        diagnostics.note(cpu["load"], "missing: each worker loads its CPU to 100%")
    if workers != "1":
        total = int(workers) * int(load)
        diagnostics.note(
            cpu["load"], f"per worker: {workers} workers load {total}% of one CPU in total"
        )
    for option, flag in cpu_flags(cpu["options"]):
        diagnostics.warning(option, f"{flag} of stress-ng is ignored by kubectl stress")


def _lint_workers(stressor: Field, diagnostics: Diagnostics) -> None:
    if not stressor["workers"]:
        diagnostics.warning(
            stressor["workers"], "missing: the API server refuses it; kubectl stress uses 1"
        )
