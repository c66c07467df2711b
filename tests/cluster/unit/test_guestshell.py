import base64
import json

from tests.cluster.guestshell import CHUNK_BYTES, Decoder, request


def line(kind: str, run_id: str, data: bytes) -> bytes:
    return f"{kind} {run_id} ".encode() + base64.b64encode(data) + b"\n"


def test_a_request_begins_with_an_empty_line_and_closes_stdin() -> None:
    first, run, *data, end = request("id", ["echo", "a b"], b"x" * (CHUNK_BYTES + 1))

    assert first == b"\n"
    assert json.loads(base64.b64decode(run.split()[2])) == ["echo", "a b"]
    assert b"".join(base64.b64decode(part.split()[2]) for part in data) == b"x" * (CHUNK_BYTES + 1)
    assert end == b"end id\n"


def test_an_answer_is_read_in_pieces_of_any_size() -> None:
    whole = line("out", "id", b"one") + line("err", "id", b"two") + b"exit id 3\n"
    for size in (1, 2, 7, len(whole)):
        decoder = Decoder("id")
        for start in range(0, len(whole), size):
            decoder.feed(whole[start : start + size])

        assert (decoder.out, decoder.err, decoder.exit_code) == ([b"one"], [b"two"], 3)


def test_what_an_earlier_run_left_is_dropped() -> None:
    decoder = Decoder("id")

    decoder.feed(b"f0b\xff\n" + line("out", "old", b"one") + b"exit old 1\n\n")

    assert (decoder.out, decoder.exit_code) == ([], None)
