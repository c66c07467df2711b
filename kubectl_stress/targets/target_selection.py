"""Which containers a command loads: of the pods that it means, some. Pure."""

from dataclasses import dataclass

from kubectl_stress.errors import UsageError
from kubectl_stress.targets.choose import Choice
from kubectl_stress.targets.ref import TargetRef


@dataclass(frozen=True)
class TargetSelection:
    """Targets by name, or pods by selectors; of the pods that are meant, `choice` takes some.

    Without a choice all are taken. Selectors are as the API server takes them.
    """

    refs: tuple[TargetRef, ...] = ()
    label_selector: str = ""
    field_selector: str = ""
    all_namespaces: bool = False
    choice: Choice | None = None
    container: str | None = None

    def __post_init__(self) -> None:
        if self.refs and self.has_selector:
            raise UsageError("give TARGETs or selectors (-l, --field-selector), not both")
        if self.all_namespaces and not self.has_selector:
            why = "a name is of one namespace" if self.refs else "it does not select pods by itself"
            raise UsageError(f"-A requires -l or --field-selector: {why}")
        if not self.refs and not self.has_selector:
            raise UsageError("no target: name one, like deploy/NAME, or select pods with -l")

    @property
    def has_selector(self) -> bool:
        """Whether pods are selected by what they are, and not by a name."""
        return bool(self.label_selector or self.field_selector)

    @property
    def only_pod(self) -> TargetRef | None:
        """The one pod that is named, where nothing else is."""
        is_one = len(self.refs) == 1 and self.refs[0].kind == "pod" and self.choice is None
        return self.refs[0] if is_one else None

    @property
    def may_be_single(self) -> bool:
        """Whether one target is shown as one, and not as a list of one."""
        return len(self.refs) == 1 and self.choice is None

    def __str__(self) -> str:
        if self.refs:
            return ", ".join(map(str, self.refs))
        selectors = {"-l": self.label_selector, "--field-selector": self.field_selector}
        return " ".join(f"{option} {text}" for option, text in selectors.items() if text)
