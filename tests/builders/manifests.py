"""StressChaos manifests as text, and what is said of them."""

from kubectl_stress.manifest.manifests import Manifest, read_manifest
from kubectl_stress.manifest.stresschaos import Experiment
from kubectl_stress.plan.amount import ShareBase

# Line 1 is apiVersion, line 5 spec.
HEAD = """\
apiVersion: chaos-mesh.org/v1alpha1
kind: StressChaos
metadata:
  name: memory-stress
spec:
"""
SPEC = {
    "mode": "mode: one",
    "selector": "selector: {namespaces: [shop], labelSelectors: {app: web}}",
    "stressors": "stressors: {memory: {workers: 1, size: 50MiB}}",
    "containerNames": "containerNames: [app]",
    "duration": "duration: 30s",
}


def stress_chaos(**fields: str) -> str:
    """A StressChaos with nothing to remark but the duration; each field on a line, from line 6.

    A field given is written in its place ("" leaves it out), or at the end.
    """
    lines = {**SPEC, **fields}.values()
    return HEAD + "".join(f"  {line}\n" for line in lines if line)


def memory(fields: str) -> str:
    """`stressors` with this memory stressor."""
    return f"stressors: {{memory: {{{fields}}}}}"


def cpu(fields: str) -> str:
    """`stressors` with this CPU stressor."""
    return f"stressors: {{cpu: {{{fields}}}}}"


def manifest(text: str, percent_of: ShareBase = ShareBase.LIMIT) -> Manifest:
    return read_manifest("memory.yaml", text.encode(), percent_of)


def experiment(text: str, percent_of: ShareBase = ShareBase.LIMIT) -> Experiment:
    """The only experiment of a manifest without errors."""
    found = manifest(text, percent_of)
    assert not found.has_errors, said(found)
    (only,) = found.experiments
    return only


def said(found: Manifest) -> list[str]:
    """`LINE: SEVERITY: FIELD: SENTENCE` of each diagnostic."""
    return [f"{one.line}: {one}" for one in found.diagnostics]
