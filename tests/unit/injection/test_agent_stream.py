"""The loop that hears an agent, however its bytes come and its stream ends."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_stress.agent.protocol import Garbage, Message
from kubectl_stress.agent.samples import Sample
from kubectl_stress.injection.agent_stream import AgentStream, StreamEnded
from kubectl_stress.kube.exec.channels import Channel
from tests.builders.agent_lines import sample_line, survived
from tests.fakes.stream import FakeStream

STREAM = survived()


def heard(stream: FakeStream) -> list[Message]:
    return list(AgentStream(stream).messages())


@given(st.lists(st.integers(min_value=0, max_value=len(STREAM)), max_size=20))
def test_what_is_heard_does_not_hang_on_how_the_bytes_were_cut(cuts: list[int]) -> None:
    cut = FakeStream()
    for start, end in itertools.pairwise([0, *sorted(cuts), len(STREAM)]):
        cut.says(STREAM[start:end])

    assert heard(cut.ends(0)) == heard(FakeStream().says(STREAM).ends(0))


def test_a_line_cut_by_the_end_is_told_as_garbage_and_not_as_a_sample() -> None:
    (cut,) = heard(FakeStream().says(sample_line()[:-20]).ends(137))

    assert isinstance(cut, Garbage)


def test_a_last_line_that_only_lacks_its_newline_still_counts() -> None:
    (last,) = heard(FakeStream().says(sample_line().rstrip(b"\n")).ends(137))

    assert isinstance(last, Sample)


@pytest.mark.parametrize(
    ("stream", "end"),
    [
        (FakeStream().ends(0), StreamEnded(0, None)),
        (FakeStream().ends(126, message="no such file"), StreamEnded(126, "no such file")),
        (FakeStream().says(b"usage: agent\n", Channel.STDERR).ends(2, message="exit code 2"),
         StreamEnded(2, "usage: agent")),
        (FakeStream().ends(lost="connection reset"), StreamEnded(None, "connection reset")),
    ],
    ids=["nobody's words", "the status's", "the agent's own on stderr", "the connection's"],
)  # fmt: skip
def test_the_end_is_told_in_the_words_that_know_most(stream: FakeStream, end: StreamEnded) -> None:
    agent = AgentStream(stream)

    assert list(agent.messages()) == []
    assert agent.end == end


def test_whoever_has_heard_enough_waits_for_nothing_more() -> None:
    agent, over = AgentStream(FakeStream().says(STREAM)), [False]

    for _ in agent.messages(lambda: over[0]):
        over[0] = True

    assert agent.end == StreamEnded(None, None)
