from pathlib import Path
from threading import Barrier, Thread

import pytest

from tests.cluster import cache


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def write_a(folder: Path) -> None:
    (folder / "file").write_text("a")


def test_a_key_changes_with_content_name_and_order(tmp_path: Path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    keys = [
        cache.key_of("x", "y"),
        cache.key_of("y", "x"),
        cache.key_of("xy"),
        cache.key_of(folder),
    ]
    (folder / "a").write_text("1")
    keys.append(cache.key_of(folder))
    (folder / "a").write_text("2")
    keys.append(cache.key_of(folder))
    (folder / "a").rename(folder / "b")
    keys.append(cache.key_of(folder))

    assert len(set(keys)) == len(keys)


def test_an_artefact_is_built_once() -> None:
    built: list[Path] = []

    def build(folder: Path) -> None:
        built.append(folder)
        write_a(folder)

    places = {cache.artefact("thing", "1", build) for _ in range(3)}

    assert len(built) == 1
    assert [(place / "file").read_text() for place in places] == ["a"]


def test_two_builders_at_once_build_once() -> None:
    built: list[Path] = []
    both = Barrier(2)

    def ask() -> None:
        both.wait()
        cache.artefact("thing", "1", built.append)

    threads = [Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(built) == 1


def test_a_lock_may_be_removed_by_its_holder(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with cache.exclusive(lock):
        lock.unlink()

    with cache.exclusive(lock):
        assert lock.exists()


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    def build(folder: Path) -> None:
        write_a(folder)
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        cache.artefact("thing", "1", build)

    assert [path.name for path in (tmp_path / "kubectl-stress").iterdir()] == ["thing.lock"]


def test_what_a_killed_builder_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "kubectl-stress" / ".thing-unfinished-x"
    left.mkdir(parents=True)

    cache.artefact("thing", "1", write_a)

    assert not left.exists()


def test_the_two_newest_of_a_kind_are_kept(tmp_path: Path) -> None:
    cache.artefact("other", "1", write_a)
    for key in ("1", "2", "3"):
        cache.artefact("thing", key, write_a)

    home = tmp_path / "kubectl-stress"
    assert sorted(path.name for path in home.iterdir() if path.is_dir()) == [
        "other-1",
        "thing-2",
        "thing-3",
    ]
