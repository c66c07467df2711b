"""Which events and exit codes tell that the kubelet ended a container, and why. Pure: no I/O.

The kubelet's text is all that it gives (pkg/kubelet/kuberuntime/kuberuntime_manager.go,
computePodActions and computePodResizeAction).
"""

import re

from kubectl_stress.errors import UsageError
from kubectl_stress.quantity import parse_quantity
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.text import whole_number

_RESTARTS = {
    "failed startup probe": "its startup probe failed",
    "definition changed": "its definition was changed",
    "resize requires restart": "a resize of it requires a restart (resizePolicy)",
}
_ALL_RESTARTING = "a restart rule restarts all containers of the pod (RestartAllContainers)"
# All that its event says of that (kuberuntime_manager.go, SyncPod: ContainersToReset).
_ALL_RESTARTING_EVENT = "Killing: killing"
SIGKILLED = 137
# Linux on amd64 and arm64; SIGRTMIN is 34 in the Go runtimes that write the exit code.
_SIGNALS = {
    "SIGHUP": 1, "SIGINT": 2, "SIGQUIT": 3, "SIGILL": 4, "SIGTRAP": 5, "SIGABRT": 6, "SIGIOT": 6,
    "SIGBUS": 7, "SIGFPE": 8, "SIGKILL": 9, "SIGUSR1": 10, "SIGSEGV": 11, "SIGUSR2": 12,
    "SIGPIPE": 13, "SIGALRM": 14, "SIGTERM": 15, "SIGSTKFLT": 16, "SIGCHLD": 17, "SIGCLD": 17,
    "SIGCONT": 18, "SIGSTOP": 19, "SIGTSTP": 20, "SIGTTIN": 21, "SIGTTOU": 22, "SIGURG": 23,
    "SIGXCPU": 24, "SIGXFSZ": 25, "SIGVTALRM": 26, "SIGPROF": 27, "SIGWINCH": 28, "SIGIO": 29,
    "SIGPOLL": 29, "SIGPWR": 30, "SIGSYS": 31,
}  # fmt: skip
_NAMES = {number: name for name, number in reversed(_SIGNALS.items())}
_RTMIN, _LAST_SIGNAL = 34, 64
# A process meets these by its own fault.
_FAULTS = {"SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGSEGV", "SIGPIPE", "SIGSYS"}
_FAULTS |= {"SIGXCPU", "SIGXFSZ", "SIGIOT", "SIGALRM", "SIGPROF", "SIGVTALRM"}


def is_liveness_kill(change: Change) -> bool:
    """Whether it is the event of a kill by the kubelet for a failed liveness probe."""
    return _is_killing(change) and "liveness probe" in change.text


def is_liveness_failure(change: Change) -> bool:
    """Whether it is the event of a liveness probe that failed (pkg/kubelet/prober/prober.go)."""
    return change.is_failed_probe and "Liveness probe failed" in change.text


def restart_reason(change: Change) -> str | None:
    """Why the kubelet restarts the container, by its Killing event or by the pod's condition."""
    is_of_all = _is_killing(change) and change.text == _ALL_RESTARTING_EVENT
    if is_of_all or change.kind is ChangeKind.ALL_RESTARTING:
        return _ALL_RESTARTING
    if not _is_killing(change):
        return None
    return next((why for words, why in _RESTARTS.items() if words in change.text), None)


def used_when_evicted(change: Change, container: str) -> int | None:
    """The container's working set in bytes, as an eviction's message has it; None without one.

    containerMessageFmt in pkg/kubelet/eviction/helpers.go.
    """
    words = rf"Container {re.escape(container)} was using ([^,\s]+), request is"
    found = re.search(words, change.text)
    try:
        return None if found is None else int(parse_quantity(found[1]))
    except UsageError:
        return None


def _is_killing(change: Change) -> bool:
    return change.kind is ChangeKind.EVENT and change.reason == "Killing"


def sent_signal(exit_code: int, stop_signal: str) -> str | None:
    """The signal of an exit code 128+N that somebody else may have sent, None where there is none.

    `stop_signal` is the container's own, where the API tells it; another, that its image sets, is
    not told, and so every signal counts that a process does not meet by its own fault.
    """
    number = exit_code - 128
    if not 0 < number <= _LAST_SIGNAL:
        return None
    name = _NAMES.get(number) or _realtime_name(number)
    is_own = number == _number(stop_signal or "SIGTERM")
    return None if name in _FAULTS and not is_own else name


def _realtime_name(number: int) -> str | None:
    if number < _RTMIN:
        return None
    return "SIGRTMIN" + (f"+{number - _RTMIN}" if number > _RTMIN else "")


def _number(name: str) -> int | None:
    """A signal by the names that `lifecycle.stopSignal` takes (SIGTERM, SIGRTMIN+3, SIGRTMAX-1)."""
    base, sign, offset = name.partition("+") if "+" in name else name.partition("-")
    steps = whole_number(offset) or 0
    if base == "SIGRTMIN":
        return _RTMIN + steps
    if base == "SIGRTMAX":
        return _LAST_SIGNAL - steps
    return None if sign else _SIGNALS.get(base)
