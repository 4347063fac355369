"""Files appear whole or not at all, and what the system refuses is one clear message."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from robustir.disk.atomic import write_atomically, write_text_atomically
from robustir.errors import RunError


def refuse(number: int):
    """Return a function that fails as the system does."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize("target", [(os, "fsync"), (Path, "replace")])
@pytest.mark.parametrize(
    ("number", "message"), [(errno.ENOSPC, "disk is full.*resume"), (errno.EIO, "cannot be written")]
)
def test_a_refused_write_keeps_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: tuple[object, str], number: int, message: str
) -> None:
    path = tmp_path / "a.txt"
    write_text_atomically(path, "old\n")
    monkeypatch.setattr(*target, refuse(number))
    with pytest.raises(RunError, match=message) as caught:
        write_text_atomically(path, "new\n")
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 2
    monkeypatch.undo()
    assert path.read_bytes() == b"old\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_an_error_of_the_writer_leaves_nothing(tmp_path: Path) -> None:
    def half(temporary: Path) -> None:
        temporary.write_text("half", encoding="utf-8")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "deep" / "a.txt", half)
    assert list((tmp_path / "deep").iterdir()) == []


def test_a_file_where_a_folder_is_needed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(RunError, match="cannot be written"):
        write_text_atomically(tmp_path / "file" / "a.txt", "new")


def test_text_has_line_feeds_everywhere(tmp_path: Path) -> None:
    write_text_atomically(tmp_path / "a.txt", "ä\nb\n")
    assert (tmp_path / "a.txt").read_bytes() == b"\xc3\xa4\nb\n"
