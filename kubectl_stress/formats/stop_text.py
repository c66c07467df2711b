"""What `stop` did, in each of the formats. Computes nothing."""

from dataclasses import asdict

from kubectl_stress.formats.names import DATA_FORMATS
from kubectl_stress.formats.plain_table import plain_table
from kubectl_stress.formats.serialize import Document, serialize
from kubectl_stress.results.stop_result import StoppedLoad, StopResult, stop_dict


def render_stop(result: StopResult, output: str) -> str:
    """In one of FORMATS; "" where nothing was running and the format has no frame for it."""
    if output in DATA_FORMATS:
        return serialize(_document(result), output)
    parts = [_table(result)] if result.loads else []
    parts += [
        f"pod/{one.pod} (namespace {one.namespace}): {one.problem}" for one in result.unanswered
    ]
    return "\n".join(parts) or "no load is running"


def _document(result: StopResult) -> Document:
    loads = [asdict(load) for load in result.loads]
    lines = [{"type": "load", **load} for load in loads]
    lines += [{"type": "unanswered", **asdict(holder)} for holder in result.unanswered]
    lines += [{"type": "missing", "problem": problem} for problem in result.missing]
    names = dict.fromkeys(f"pod/{load.pod}" for load in result.loads if load.is_ended)
    return Document(stop_dict(result), lines, loads, list(names))


def _table(result: StopResult) -> str:
    rows = [
        (load.namespace, load.pod, load.container, load.run, load.started_by or "-", _state(load))
        for load in result.loads
    ]
    return plain_table([("NAMESPACE", "POD", "CONTAINER", "RUN", "STARTED BY", "LOAD"), *rows])


def _state(load: StoppedLoad) -> str:
    return "stopped" if load.is_ended else "asked to stop, and still running"
