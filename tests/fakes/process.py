"""An exec whose process really runs, here and not in a container."""

import os
import selectors
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kubectl_stress.kube.exec.channels import Channel, ExecStatus
from tests.fakes.stream import FakeStream


class ProcessStream(FakeStream):
    """Its stdin stays open, as in protocol v4, unless the stream is closed.

    It ends with its container, as the runtime sees to.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        environ: Mapping[str, str],
        is_container_over: Callable[[], bool],
    ) -> None:
        super().__init__()
        self._is_container_over = is_container_over
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            argv, cwd=cwd, env=dict(environ), stdin=pipe, stdout=pipe, stderr=pipe
        )

    def send(self, data: bytes) -> bool:
        assert self._process.stdin is not None
        self.sent.append(data)
        self._process.stdin.write(data)
        self._process.stdin.flush()
        return True

    def lose_stdin(self) -> None:
        """As the runtime does it once nobody is connected any more."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def receive(self, timeout: float) -> list[tuple[Channel, bytes]]:
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        channels = {self._process.stdout: Channel.STDOUT, self._process.stderr: Channel.STDERR}
        if self._is_container_over():
            self._process.kill()
        with selectors.DefaultSelector() as selector:
            for file, channel in channels.items():
                selector.register(file, selectors.EVENT_READ, channel)
            found = [(key.data, os.read(key.fd, 65536)) for key, _ in selector.select(timeout)]
        if found and not any(data for _, data in found):
            self.ended, self.status = True, ExecStatus(self._process.wait(10))
        return [(channel, data) for channel, data in found if data]

    def close(self) -> None:
        for file in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert file is not None
            file.close()
        self._process.wait(10)
