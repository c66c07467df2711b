"""Copies the agent into an ephemeral container of the target's own image, by an exec's stdin.

The container waits for it and becomes it (plan/interpreter.py); one that is the agent already keeps
what it has. The agent is checked by its digest where it arrived, before anything runs it.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from kubectl_stress.clock import Clock
from kubectl_stress.errors import InjectionError, LacksInterpreter, Silent, StressError
from kubectl_stress.injection.carried_image import carried_agents
from kubectl_stress.injection.ephemeral_container import bring_holder
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.kube.exec.channels import Channel
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.plan.interpreter import Interpreter, interpreters
from kubectl_stress.plan.target_image_refusal import refusal
from kubectl_stress.targets.pod import ephemeral_states
from kubectl_stress.targets.target import Target
from kubectl_stress.text import clean, clean_bytes

if TYPE_CHECKING:
    from kubectl_stress.kube.exec.stream import ExecStream

_TIMEOUT_MS = 90_000  # an exec alone took over 30 s on a node that was starved of CPU
_STATUS_MS = 15_000  # the kubelet takes some 4 s to say that a container ended
_RECEIVE_S = 0.5
_FRAME_BYTES = 32 * 1024  # as kubectl
# What uname says, and the names of Go and the images.
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_FAILURES = {
    "not-waiting": "the ephemeral container does not wait for it",
    "not-written": "the folder is full, or cannot be written to",
    "damaged": "it arrived damaged (its digest is another)",
    "not-runnable": "it does not run there",
    "not-started": "the ephemeral container does not start it",
}


def bring_in_target_image(
    cluster: Cluster,
    target: Target,
    holder: HolderSpec,
    *,
    clock: Clock,
    tell: Callable[[str], None],
) -> tuple[str, str]:
    """A running holder of the target's image and the agent's path in it.

    Raises InjectionError with what the image lacks; nothing is added for what has failed before.
    """
    carried_agents()  # a build that carries none must not leave an entry in the pod
    for interpreter in interpreters(target):
        chosen = replace(holder, interpreter=interpreter)
        try:
            name = bring_holder(cluster, target, chosen, clock=clock, tell=tell).name
        except LacksInterpreter as error:
            lacking = error
            continue
        tell(f"copying the agent into {name}")
        return name, copy_agent(cluster, target, name, interpreter, clock=clock)
    raise lacking


def copy_agent(
    cluster: Cluster, target: Target, holder: str, interpreter: Interpreter, *, clock: Clock
) -> str:
    """The agent's path in a running holder; raises InjectionError where it does not get there."""
    conversation = _Conversation(holder, clock)
    command = interpreter.receive_command()
    try:
        with cluster.exec(target.namespace, target.pod, holder, command, stdin=True) as stream:
            return conversation.copy(stream, carried_agents())
    except StressError as error:
        if conversation.is_answered:
            raise
        ended = _why_it_ended(cluster, target, holder, interpreter, clock)
        raise ended or error from error


def _why_it_ended(
    cluster: Cluster, target: Target, holder: str, interpreter: Interpreter, clock: Clock
) -> InjectionError | None:
    """What the container's end says of the image, once the kubelet has noticed it."""
    deadline_ms = clock.now_ms() + _STATUS_MS
    while True:
        pod = cluster.get_pod(target.namespace, target.pod)
        ended = ephemeral_states(pod).get(holder, {}).get("terminated")
        if ended or clock.now_ms() >= deadline_ms:
            return refusal(target, interpreter, ended or {})
        clock.sleep(_RECEIVE_S)


class _Conversation:
    """With the script that receives: lines of a word and its values."""

    def __init__(self, holder: str, clock: Clock) -> None:
        self._holder, self._clock = holder, clock
        self._deadline_ms = clock.now_ms() + _TIMEOUT_MS
        self._out = self._errors = b""
        self.is_answered = False  # then the container waits for the agent, or is it already

    def copy(self, stream: "ExecStream", agents: Mapping[str, bytes]) -> str:
        """The agent's path there, once it is there; raises InjectionError."""
        machine, _, digest = self._hear(stream, "ready").partition(" ")
        agent = agents.get(_ARCHITECTURES.get(machine, ""))
        if agent is None:
            raise InjectionError(f"there is no agent for nodes of architecture {machine}")
        _give(stream, agent, digest)
        return self._hear(stream, "agent")

    def _hear(self, stream: "ExecStream", word: str) -> str:
        """The rest of the line that begins with `word`."""
        while True:
            first, _, rest = clean(self._line(stream)).partition(" ")
            self.is_answered = rest != "not-waiting"
            if first == word:
                return rest
            if first == "failed":
                why = _FAILURES.get(rest, f"there is no {rest}")
                raise InjectionError(self._sentence(why))

    def _line(self, stream: "ExecStream") -> str:
        while b"\n" not in self._out:
            if stream.ended:
                status = stream.status
                words = clean_bytes(self._errors) or (status.message if status else "")
                why = stream.lost or words or "the script ended early"
                raise InjectionError(self._sentence(why))
            if self._clock.now_ms() >= self._deadline_ms:
                words = clean_bytes(self._errors) or "no answer"
                raise Silent(self._sentence(f"{words} within {_TIMEOUT_MS // 1000} s"))
            for channel, data in stream.receive(_RECEIVE_S):
                if channel is Channel.STDOUT:
                    self._out += data
                else:
                    self._errors += data
        line, _, self._out = self._out.partition(b"\n")
        return line.decode("utf-8", "replace")

    def _sentence(self, why: str) -> str:
        return f"the agent could not be copied into ephemeral container {self._holder}: {why}"


def _give(stream: "ExecStream", agent: bytes, digest_there: str) -> None:
    """Send what is to be there, unless it is."""
    digest = _digest(agent)
    if digest == digest_there:
        stream.send(b"0 -\n")
        return
    stream.send(f"{len(agent)} {digest}\n".encode())
    for start in range(0, len(agent), _FRAME_BYTES):
        stream.send(agent[start : start + _FRAME_BYTES])


def _digest(agent: bytes) -> str:
    return hashlib.sha256(agent).hexdigest()
