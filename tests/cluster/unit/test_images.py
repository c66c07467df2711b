import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.cluster.archives import names_in
from tests.cluster.errors import ClusterError
from tests.cluster.images import Image, write_archive
from tests.cluster.kernel import cpio_member, needs


def archive(path: Path, **members: object) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, value in members.items():
            data = json.dumps(value).encode()
            member = tarfile.TarInfo(f"{name}.json")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def test_an_archive_is_the_same_each_time(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF")
    image = Image("registry.local/a:1", ["/bin/a"], {"bin/a": program}, links={"bin/b": "a"})

    for name in ("one", "two"):
        write_archive(tmp_path / name, [image])
        program.touch()

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert names_in(tmp_path / "one") == ["registry.local/a:1"]


def test_the_names_of_a_docker_archive_are_read(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar", manifest=[{"RepoTags": ["r/b:2", "r/a:1"]}, {}])

    assert names_in(path) == ["r/a:1", "r/b:2"]


def test_a_bare_tag_is_no_name(tmp_path: Path) -> None:
    note = {"org.opencontainers.image.ref.name": "latest"}
    path = archive(tmp_path / "a.tar", index={"manifests": [{"annotations": note}, {}]})

    assert names_in(path) == []


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_text("no")

    with pytest.raises(ClusterError, match="is not an image archive"):
        names_in(tmp_path / "a.tar")


def test_a_module_says_what_it_needs() -> None:
    section = b"\0name=x\0depends=virtio,virtio-ring\0softdep=pre: crc32c\0depends=\0"

    assert needs(section) == ["virtio", "virtio_ring", "crc32c"]


@pytest.mark.parametrize("size", range(5))
def test_cpio_members_are_padded_to_words(size: int) -> None:
    assert len(cpio_member("name", 0o100644, b"x" * size)) % 4 == 0
