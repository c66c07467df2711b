"""`kubectl stress image`: the agent's image, and its archive for nodes without a registry."""

import importlib.util
import json
import tarfile
from pathlib import Path

import pytest

from kubectl_stress.agent.image import DEFAULT_IMAGE, REPOSITORY, full_name
from kubectl_stress.formats.image_text import image_text
from kubectl_stress.injection import carried_image
from tests.cli.conftest import CommandLine

ROOT = Path(__file__).parents[2]
INDEX = {"schemaVersion": 2, "manifests": [{"digest": "sha256:abc", "annotations": {"a": "b"}}]}


@pytest.fixture
def carried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small archive in the place of the one that `make image` builds."""
    path = tmp_path / "agent.tar"
    for name, text in (("oci-layout", "{}"), ("index.json", json.dumps(INDEX))):
        (tmp_path / name).write_text(text)
    with tarfile.open(path, "w") as tar:
        for name in ("oci-layout", "index.json"):
            tar.add(tmp_path / name, name)
    monkeypatch.setattr(carried_image, "ARCHIVE", path)
    carried_image._files.cache_clear()
    return path


def test_the_image_is_told_with_the_commands_that_copy_it(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], carried: Path
) -> None:
    assert kubectl_stress("image") == 0

    shown = capsys.readouterr().out
    assert f"image:   {DEFAULT_IMAGE}\ndigest:  sha256:abc\n" in shown
    assert "kubectl stress image save agent.tar" in shown
    assert "crane push" in shown
    assert shown.endswith("  REGISTRY/agent@sha256:abc\n")


def test_a_released_image_is_copied_by_its_digest() -> None:
    shown = image_text("registry.example/agent:1@sha256:1", "sha256:1", "")

    for tool in ("crane copy", "skopeo copy --all", "docker buildx imagetools create"):
        assert tool in shown
    assert "save" not in shown


def test_an_image_that_is_nowhere_is_built_and_pushed() -> None:
    """A `pip install .` carries no archive: there is nothing to copy, only the source."""
    shown = image_text("kubectl-stress/agent:1", "", "")

    assert "  make image && make -C image push IMAGE=REGISTRY/agent:TAG\n" in shown
    assert "save" not in shown


def test_the_image_is_told_as_json(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], carried: Path
) -> None:
    assert kubectl_stress("image", "-o", "json") == 0

    found = json.loads(capsys.readouterr().out)
    assert found == {"reference": DEFAULT_IMAGE, "digest": "sha256:abc", "isReleased": False}


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ([], f"docker.io/{DEFAULT_IMAGE}"),
        (["--name", "registry.example/agent:2"], "registry.example/agent:2"),
        (["--name", "agent:2"], "docker.io/library/agent:2"),
    ],
)
def test_the_archive_is_saved_under_the_name_that_nodes_look_for(
    kubectl_stress: CommandLine,
    capsys: pytest.CaptureFixture[str],
    carried: Path,
    tmp_path: Path,
    words: list[str],
    name: str,
) -> None:
    saved = tmp_path / "saved.tar"

    assert kubectl_stress("image", "save", str(saved), *words) == 0

    with tarfile.open(saved) as tar:
        file = tar.extractfile("index.json")
        assert file is not None
        (manifest,) = json.load(file)["manifests"]
        assert sorted(tar.getnames()) == ["index.json", "oci-layout"]
    assert manifest["digest"] == "sha256:abc"
    assert manifest["annotations"]["io.containerd.image.name"] == name
    assert capsys.readouterr().err == f"{saved}: {name}\n"
    assert kubectl_stress("image", "save", str(saved)) == 2  # nothing is overwritten


def test_a_build_without_the_image_says_so(
    kubectl_stress: CommandLine,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(carried_image, "ARCHIVE", tmp_path / "absent")
    carried_image._files.cache_clear()

    assert kubectl_stress("image", "save", str(tmp_path / "saved.tar")) == 1
    assert "this build carries no image of the agent: run make image" in capsys.readouterr().err
    assert kubectl_stress("image") == 0


def test_a_name_is_full_where_it_has_a_registry() -> None:
    names = ["localhost/a:1", "127.0.0.1:5000/a:1", "registry.example/a/b:1"]

    assert [full_name(name) for name in names] == names
    assert full_name(f"{REPOSITORY}:1") == f"docker.io/{REPOSITORY}:1"


def test_the_agents_are_taken_out_of_the_archive_by_their_architecture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archives = importlib.util.spec_from_file_location("archives", ROOT / "image" / "archive.py")
    assert archives is not None
    assert archives.loader is not None
    module = importlib.util.module_from_spec(archives)
    archives.loader.exec_module(module)
    binaries = {"amd64": b"\x7fELF of amd64", "arm64": b"\x7fELF of arm64"}
    path = tmp_path / "agent.tar"
    path.write_bytes(module.archive("r/agent:1", "1", binaries))
    monkeypatch.setattr(carried_image, "ARCHIVE", path)
    carried_image._files.cache_clear()

    assert carried_image.carried_agents() == binaries


@pytest.mark.parametrize("name", ["", "agent:1\n", "agent 1", "a\x1b[31m"])
def test_what_can_be_no_image_is_refused_wherever_it_was_set(
    kubectl_stress: CommandLine,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.setenv("KUBECTL_STRESS_IMAGE", name or "\n")

    assert kubectl_stress("mem", "web", "--size=8Mi") == 2
    assert "is not the name of an image" in capsys.readouterr().err
