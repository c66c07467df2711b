"""Samples and changes on stdout as they come, each with its target, for `-o jsonl`."""

from kubectl_stress.agent.samples import Sample
from kubectl_stress.formats.serialize import json_line
from kubectl_stress.results.report import change_dict, sample_dict
from kubectl_stress.session.progress import Progress
from kubectl_stress.targets.changes import Change


class JsonLines:
    """Writes each line at once."""

    def __call__(self, progress: Progress) -> None:
        """Write the step if it is data."""
        target, what = progress.target.target, progress.what
        where = {
            "namespace": target.namespace,
            "pod": target.pod,
            "container": target.container,
        }
        if isinstance(what, Sample):
            print(json_line({**sample_dict(what), **where}), flush=True)
        elif isinstance(what, Change):
            print(json_line({**change_dict(what), **where}), flush=True)
