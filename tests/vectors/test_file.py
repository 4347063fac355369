from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from robustir.vectors.file import EmbeddingFile

READ = """
import sys
from pathlib import Path
from robustir.vectors.file import EmbeddingFile

def read_bytes():
    return next(int(line.split()[1]) for line in open("/proc/self/io") if line.startswith("read_bytes"))

stored = EmbeddingFile(Path(sys.argv[1]), ("vectors",))
stored.read(lambda transaction, tables: transaction.get(bytes(16), db=tables["vectors"]))  # opens the file
before = read_bytes()
for at in range(0, 30_000, 300):
    key = (at * 7919 % 30_000).to_bytes(16, "big")
    assert stored.read(lambda transaction, tables: len(transaction.get(key, db=tables["vectors"]))) == 1536
print(read_bytes() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="counts the bytes that Linux reads from the disk")
def test_a_cold_file_reads_little_more_than_the_vectors_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    rows = [(at.to_bytes(16, "big"), os.urandom(1536)) for at in range(30_000)]
    written = EmbeddingFile(folder, ("vectors",))
    written.write(lambda transaction, tables: [transaction.put(*row, db=tables["vectors"]) for row in rows])
    written.close()
    with (folder / "data.mdb").open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    done = subprocess.run([sys.executable, "-c", READ, str(folder)], capture_output=True, text=True, check=True)
    assert int(done.stdout) <= 100 * 4 * 4096  # a leaf and its branches for each of 100 vectors
