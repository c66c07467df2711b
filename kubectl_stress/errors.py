"""What can go wrong, as one tree; each class carries its exit code.

StressError                     1  could not run
├── UsageError                  2  the words of the command are wrong; no cluster was asked
├── ClusterError                1  the API server did not do what was asked
│   ├── Unreachable             1    no answer at all
│   ├── KubeletFailed           1    the API server answers, and got no stream from the kubelet
│   ├── Unauthorized            1    it does not know who asks (expired token, no credentials)
│   ├── Forbidden               1    it knows, and says no: RBAC
│   ├── NotFound                1
│   ├── Gone                    1    the resource version of a watch is too old
│   ├── Conflict                1    somebody else changed the object first
│   └── Rejected                1    validation or admission (Pod Security) refused the object
├── TargetError                 1  there is no such container, or it cannot be a target
│   └── NotRunning              1    not now, but it may be one later: worth waiting for
├── InjectionError              1  the ephemeral container or the agent did not start
│   ├── Silent                  1    nobody refused it, but no word came in time
│   └── LacksInterpreter        1    the target's own image has no such program to receive the agent
├── NotLoaded                   1  left alone since another target could not be: with its code
├── SeveralProblems             1  of several targets, a line a reason: the worst of their codes
├── RecordingError              1  a file is not a recording, or one of another version
├── Refused                     5  a guard of ours said no before anything was done
└── Interrupted               130  Ctrl-C or a signal, after the load was released
"""

from collections.abc import Collection, Sequence

# Of several targets the first of these that one of them has: what was stopped, what could not be
# run, what a guard refused, what is not as expected, what nobody can tell.
_WORST_FIRST = (130, 1, 2, 5, 3, 4)


def worst_exit_code(codes: Collection[int]) -> int:
    """That of a command over several targets, by what each has; 0 where none has another."""
    return next((code for code in _WORST_FIRST if code in codes), 0)


class StressError(Exception):
    """Base of all errors with a message meant for the user: one line, saying what to do."""

    exit_code = 1


class UsageError(StressError):
    """The command line or a manifest cannot be understood."""

    exit_code = 2


class ClusterError(StressError):
    """The API server did not do what was asked."""


class Unreachable(ClusterError):
    """No API server answered at that address."""


class KubeletFailed(ClusterError):
    """The API server answers, but got no stream into the pod from the kubelet of its node."""


class Unauthorized(ClusterError):
    """The API server does not accept the credentials."""


class Forbidden(ClusterError):
    """RBAC denies the request; `verb` and `resource` name what is missing."""

    def __init__(self, message: str, *, verb: str = "", resource: str = "") -> None:
        super().__init__(message)
        self.verb = verb
        self.resource = resource


class NotFound(ClusterError):
    """The object does not exist."""


class Gone(ClusterError):
    """The resource version of a watch or a list is too old: list again, and watch from there."""


class Conflict(ClusterError):
    """The object changed between reading and writing it."""


class Rejected(ClusterError):
    """Validation or admission refused the object; the message is the API server's."""


class TargetError(StressError):
    """No such container, or it cannot be a target as it is now."""


class NotRunning(TargetError):
    """The container does not run now, and may run later.

    `problem` says what is the matter, `remedy` what changes it, `wait` how to wait for it. Whoever
    has waited is not advised to wait.
    """

    def __init__(self, problem: str, *, remedy: str = "", wait: str = "") -> None:
        advice = ", or ".join(text for text in (remedy, wait) if text)
        super().__init__(f"{problem}: {advice}" if advice else problem)
        self.problem, self.remedy = problem, remedy

    def after(self, waited: str) -> "NotRunning":
        """The same after a wait of so long."""
        return NotRunning(f"{self.problem}, after a wait of {waited}", remedy=self.remedy)


class InjectionError(StressError):
    """The ephemeral container or the agent in it did not start."""


class Silent(InjectionError):
    """No word of the agent came in time, or its connection was lost: nobody has refused it."""


class LacksInterpreter(InjectionError):
    """The image does not have the program that was to receive the agent; it may have another."""


class NotLoaded(StressError):
    """The target was ready, and another one of the same run was not: the code is that one's."""

    def __init__(self, message: str, cause: StressError) -> None:
        super().__init__(message)
        self.exit_code = cause.exit_code


class SeveralProblems(StressError):
    """Several targets cannot be loaded, or for several reasons."""

    def __init__(self, message: str, causes: Sequence[StressError]) -> None:
        super().__init__(message)
        self.exit_code = worst_exit_code({cause.exit_code for cause in causes})


class RecordingError(StressError):
    """The file holds no run that this version can read."""


class Refused(StressError):
    """A guard refused before anything was changed."""

    exit_code = 5


class Interrupted(StressError):
    """The user or a signal ended the run; the load was released first, if there was one."""

    exit_code = 130

    def __init__(self, message: str = "interrupted; nothing was loaded") -> None:
        super().__init__(message)
