"""Folders of the cache are whole or absent, are made once, and damaged ones are made again."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustir.disk.made import RECORD, made_folder
from robustir.errors import DataError, RunError


class Maker:
    """Makes a folder with two files and counts how often it did."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "a.bin").write_bytes(b"\0" * 100)
        (folder / "b.txt").write_text("b\n", encoding="utf-8")
        self.made += 1


def test_a_whole_folder_is_made_once(tmp_path: Path) -> None:
    make = Maker()
    folder = made_folder(tmp_path / "new" / "made", make)
    assert made_folder(folder, make) == folder
    assert make.made == 1
    assert {path.name for path in folder.iterdir()} == {"a.bin", "b.txt", RECORD}
    assert [path.name for path in folder.parent.iterdir()] == ["made"]


@pytest.mark.parametrize("damage", ["cut", "flipped", "lost", "unrecorded"])
def test_a_damaged_folder_is_made_again(tmp_path: Path, damage: str) -> None:
    make = Maker()
    folder = made_folder(tmp_path / "made", make)
    content = folder / "a.bin"
    if damage == "cut":
        content.write_bytes(b"\0" * 99)
    elif damage == "flipped":
        content.write_bytes(b"\0" * 99 + b"\1")
    elif damage == "lost":
        content.unlink()
    else:
        (folder / RECORD).write_text("[" * 100_000, encoding="utf-8")
    made_folder(folder, make)
    assert make.made == 2
    assert content.read_bytes() == b"\0" * 100
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_what_another_process_made_meanwhile_stays(tmp_path: Path) -> None:
    folder = tmp_path / "made"

    def slow(temporary: Path) -> None:
        made_folder(folder, Maker())
        Maker()(temporary)
        (temporary / "b.txt").write_text("of the second\n", encoding="utf-8")

    made_folder(folder, slow)
    assert (folder / "b.txt").read_text(encoding="utf-8") == "b\n"
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        Maker()(folder)
        raise DataError("no such model")

    with pytest.raises(DataError, match="no such model"):
        made_folder(tmp_path / "made", fail)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written"):
        made_folder(tmp_path / "file" / "made", Maker())
