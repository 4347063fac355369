from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from robustir.errors import RunError
from robustir.vectors import file
from robustir.vectors.file import DamagedError, read_head, read_vectors, write_vectors

READ = """
import sys
from pathlib import Path
import numpy as np
from robustir.vectors.file import read_vectors

def read_bytes():
    return next(int(line.split()[1]) for line in open("/proc/self/io") if line.startswith("read_bytes"))

path = Path(sys.argv[1])
before = read_bytes()
rows = np.arange(0, 3_000, 30)
vectors = read_vectors(path, b"name", rows, [int(row).to_bytes(16, "big") for row in rows])
assert vectors.shape == (100, 3840)
print(read_bytes() - before)
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    write(tmp_path / "some" / "where", 5)
    return tmp_path / "some" / "where"


def keys(count: int) -> list[bytes]:
    return [number.to_bytes(16, "big") for number in range(count)]


def vectors(count: int, width: int = 7) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((count, width)).astype(np.float32)


def write(path: Path, count: int, width: int = 7) -> None:
    write_vectors(path, b"name", b"maker", keys(count), vectors(count, width))


def test_what_was_written_is_read(written: Path) -> None:
    head = read_head(written, b"name")
    assert head is not None
    assert (head.maker, head.width, head.keys.tobytes()) == (b"maker", 7, b"".join(keys(5)))
    everything = read_vectors(written, b"name", None, keys(5))
    assert everything is not None
    assert everything.tobytes() == vectors(5).tobytes()
    rows = np.array([4, 0, 1, 4])
    some = read_vectors(written, b"name", rows, [keys(5)[row] for row in rows])
    assert some is not None
    assert some.tobytes() == vectors(5)[rows].tobytes()
    assert [path.name for path in written.parent.iterdir()] == ["where"]
    assert written.stat().st_size == 48 + len(b"maker") + 5 * (16 + 8 + 4 * 7)
    assert read_head(written.with_name("nothing"), b"name") is None
    assert read_vectors(written.with_name("nothing"), b"name", None, []) is None


def test_a_file_is_not_taken_for_another(written: Path) -> None:
    with pytest.raises(DamagedError, match="its head"):
        read_head(written, b"other name")
    with pytest.raises(DamagedError, match="other texts"):
        read_vectors(written, b"name", None, keys(5)[::-1])
    with pytest.raises(DamagedError, match="other texts"):
        read_vectors(written, b"name", None, keys(4))
    with pytest.raises(DamagedError, match="other texts"):
        read_vectors(written, b"name", np.array([5]), keys(1))


def test_two_vectors_that_changed_places_are_noticed(written: Path) -> None:
    raw = bytearray(written.read_bytes())
    begin = len(raw) - 5 * 28
    raw[begin : begin + 28], raw[begin + 28 : begin + 56] = raw[begin + 28 : begin + 56], raw[begin : begin + 28]
    written.write_bytes(raw)
    assert read_vectors(written, b"name", np.array([2, 3]), keys(5)[2:4]) is not None
    with pytest.raises(DamagedError, match="a vector does not match its digest"):
        read_vectors(written, b"name", np.array([1]), keys(5)[1:2])


def test_a_file_that_is_there_stays(written: Path) -> None:
    before = written.read_bytes()
    write_vectors(written, b"name", b"maker", keys(1), vectors(1))
    assert written.read_bytes() == before


def test_what_the_system_refuses_is_not_called_damage(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    def broken(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(file.os, "pread", refuse)
    with pytest.raises(RunError, match=r"where cannot be read .Permission denied.; make it readable"):
        read_head(written, b"name")
    monkeypatch.setattr(file.os, "pread", broken)
    with pytest.raises(DamagedError, match="Input/output error"):
        read_head(written, b"name")


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="counts the bytes that Linux reads from the disk")
def test_a_cold_file_reads_little_more_than_the_vectors_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "large", 3_000, 3840)
    with (tmp_path / "large").open("rb") as handle:
        os.fsync(handle.fileno())
        os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    done = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path / "large")], capture_output=True, text=True, check=True
    )
    head = 3_000 * 24
    assert int(done.stdout) <= 2 * head + 100 * 6 * 4096  # 15,360 bytes of a vector lie in at most five pages
