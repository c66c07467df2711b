"""A file on a disk that has no room left."""

import io


class FullDisk(io.StringIO):
    """Takes nothing: each write fails as the kernel's would, with ENOSPC."""

    name = "/run.jsonl"

    def write(self, _text: str) -> int:
        """Raise the error."""
        raise OSError(28, "No space left on device")
