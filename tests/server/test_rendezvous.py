"""How a server and its clients find each other."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from filelock import FileLock

from tora import rendezvous
from tora.rendezvous import ServerInfo

INFO = ServerInfo(url="http://127.0.0.1:8672", host="here", pid=1, port=8672, version="1", started=1.5)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """The record comes back, from a file that the user alone can read."""
    rendezvous.write(tmp_path, INFO)
    assert rendezvous.read(tmp_path) == INFO
    assert stat.S_IMODE((tmp_path / "server.json").stat().st_mode) == 0o600
    rendezvous.remove(tmp_path)
    rendezvous.remove(tmp_path)
    assert rendezvous.read(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"\xff", b"[]", b'{"url": 1}'])
def test_what_cannot_be_read_is_nothing(tmp_path: Path, content: bytes) -> None:
    """A torn or foreign file is as good as none."""
    (tmp_path / "server.json").write_bytes(content)
    assert rendezvous.read(tmp_path) is None


def test_a_later_version_may_say_more(tmp_path: Path) -> None:
    """Fields that this version does not know are ignored."""
    rendezvous.write(tmp_path, INFO)
    path = tmp_path / "server.json"
    path.write_bytes(path.read_bytes().replace(b"{", b'{"colour":"red",', 1))
    assert rendezvous.read(tmp_path) == INFO


def test_the_lock_tells_who_lives(tmp_path: Path) -> None:
    """A folder is held exactly while somebody has its lock; looking makes no file."""
    assert not rendezvous.is_held(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with FileLock(rendezvous.lock_path(tmp_path)):
        assert rendezvous.is_held(tmp_path)
    assert not rendezvous.is_held(tmp_path)


@pytest.mark.parametrize(("content", "key"), [(b"abc\n", "abc"), (b"", None), (b" \n", None), (b"\xff", None)])
def test_the_key_is_text_or_nothing(tmp_path: Path, content: bytes, key: str | None) -> None:
    """An empty or broken file holds no key."""
    assert rendezvous.local_key(tmp_path) is None
    rendezvous.key_path(tmp_path).write_bytes(content)
    assert rendezvous.local_key(tmp_path) == key


def test_a_file_that_cannot_be_replaced_leaves_no_trace(tmp_path: Path) -> None:
    """Where writing fails, what was there stays and nothing lies beside it."""
    (tmp_path / "server.json").mkdir()
    with pytest.raises(OSError, match=r"server\.json"):
        rendezvous.write(tmp_path, INFO)
    assert [path.name for path in tmp_path.iterdir()] == ["server.json"]
