"""Damage of the store of vectors, anywhere: found when it is read, named, and encoded again; other vectors never come out."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from robustir.planning.plan import make_plan
from robustir.rundir.directory import RunDirectory
from robustir.running.orchestration import execute_plan
from robustir.running.summary import RunOptions
from robustir.vectors.store import EmbeddingStore
from tests.tiny import suite_of
from tests.vectors.test_store import Recorder, expected

TEXTS = [f"text {number}" for number in range(30)]
MAKER = len(b'{"name": "recorder", "revision": "1"}')
REGIONS = {  # bytes of the file that the tests below write
    "magic": range(8),
    "sizes": range(8, 32),
    "digest": range(32, 48),
    "maker": range(48, 48 + MAKER),
    "keys": range(48 + MAKER, 48 + MAKER + 30 * 16),
    "checks": range(48 + MAKER + 30 * 16, 48 + MAKER + 30 * 24),
    "vectors": range(48 + MAKER + 30 * 24, 48 + MAKER + 30 * 44),
}


def filled(path: Path, *, invariant: bool) -> Path:
    """Return the one file of a store with thirty vectors of width 5."""
    EmbeddingStore(path).encode_unit(Recorder(width=5, invariant=invariant), TEXTS, role="query")
    (only,) = path.glob("*/*.vectors")
    return only


def read_again(path: Path, damaged: Path, *, invariant: bool) -> None:
    """Read in a new store, twice: everything is encoded once more, and the file is as before."""
    store = EmbeddingStore(path, trial=0)
    encoder = Recorder(width=5, invariant=invariant)
    for encoded in (30, 0):
        found = store.encode_unit(encoder, TEXTS, role="query")
        assert (found.encoded, found.reused) == (encoded, 30 - encoded)
        assert found.vectors.tolist() == expected(encoder, TEXTS)
        told = store.take_damaged()
        assert len(told) == (1 if encoded else 0)
        assert all(line.startswith(f"{damaged} (") for line in told)


@pytest.mark.parametrize("invariant", [True, False], ids=["by-text", "by-unit"])
@pytest.mark.parametrize("region", REGIONS)
def test_a_flipped_bit_anywhere(tmp_path: Path, region: str, invariant: bool) -> None:
    chance = random.Random(f"{region} {invariant}")
    path = filled(tmp_path, invariant=invariant)
    sound = path.read_bytes()
    assert len(sound) == REGIONS["vectors"].stop
    for _ in range(25):
        changed = bytearray(sound)
        changed[chance.choice(REGIONS[region])] ^= 1 << chance.randrange(8)
        path.write_bytes(changed)
        read_again(tmp_path, path, invariant=invariant)
        assert path.read_bytes() == sound


@pytest.mark.parametrize("invariant", [True, False], ids=["by-text", "by-unit"])
def test_a_flipped_bit_while_the_store_is_in_use(tmp_path: Path, invariant: bool) -> None:
    path = filled(tmp_path, invariant=invariant)
    store, encoder = EmbeddingStore(tmp_path, trial=0), Recorder(width=5, invariant=invariant)
    assert store.encode_unit(encoder, TEXTS, role="query").encoded == 0
    raw = bytearray(path.read_bytes())
    raw[-3] ^= 4
    path.write_bytes(raw)
    assert store.encode_unit(encoder, TEXTS, role="query").encoded == 30
    assert len(store.take_damaged()) == 1
    again = store.encode_unit(encoder, TEXTS, role="query")
    assert (again.encoded, again.vectors.tolist()) == (0, expected(encoder, TEXTS))


def cut(sound: bytes, chance: random.Random) -> bytes:
    return sound[: chance.randrange(len(sound))]


def lengthened(sound: bytes, chance: random.Random) -> bytes:
    return sound + bytes(chance.randrange(1, 5_000))


def zeros(sound: bytes, chance: random.Random) -> bytes:
    """Blocks that a crash of the machine never wrote."""
    begin = chance.randrange(len(sound) - 1)
    return sound[:begin] + bytes(len(sound) - begin - 1) + b"\x01"


def garbage(sound: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(len(sound))


@pytest.mark.parametrize("damage", [cut, lengthened, zeros, garbage])
def test_files_cut_short_and_overwritten(tmp_path: Path, damage: Callable[[bytes, random.Random], bytes]) -> None:
    chance = random.Random(damage.__name__)
    path = filled(tmp_path, invariant=True)
    sound = path.read_bytes()
    for _ in range(25):
        path.write_bytes(damage(sound, chance))
        read_again(tmp_path, path, invariant=True)


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    path = filled(tmp_path, invariant=True)
    path.unlink()
    (path / "inside").mkdir(parents=True)
    read_again(tmp_path, path, invariant=True)


def test_files_that_changed_places(tmp_path: Path) -> None:
    """Each is whole, and holds the texts of the other."""
    store, encoder = EmbeddingStore(tmp_path, trial=0), Recorder(width=5, invariant=False)
    for texts in (TEXTS[:15], TEXTS[15:]):
        store.encode_unit(encoder, texts, role="query")
    one, other = sorted(tmp_path.glob("*/*.vectors"))
    one.rename(tmp_path / "aside")
    other.rename(one)
    (tmp_path / "aside").rename(other)
    for texts in (TEXTS[:15], TEXTS[15:]):
        found = store.encode_unit(encoder, texts, role="query")
        assert (found.encoded, found.vectors.tolist()) == (15, expected(encoder, texts))
    assert len(store.take_damaged()) == 2


CUT_WHILE_READ = """
import random, sys
from pathlib import Path
from robustir.vectors.store import EmbeddingStore
from tests.vectors.test_store import Recorder, expected

chance, folder = random.Random(7), Path(sys.argv[1])
store, encoder = EmbeddingStore(folder, trial=0), Recorder(width=2_000)
texts = [str(number) for number in range(300)]
wrong = encoded = 0
for turn in range(60):
    found = store.encode_unit(encoder, texts, role="query")
    wrong += found.vectors.tolist() != expected(encoder, texts)
    encoded += found.encoded
    (path,) = folder.glob("*/*.vectors")
    size = path.stat().st_size
    with path.open("rb+") as handle:
        handle.truncate(size - chance.choice((1, 100, 4_096, 1_000_000, size, chance.randrange(size))))
print(wrong, encoded, len(store.take_damaged()))
"""


def test_a_store_cut_short_while_a_process_reads_it_does_not_kill_it(tmp_path: Path, root: Path) -> None:
    """A file that is mapped into memory would end the process by SIGBUS; 2.4 MB are cut by up to all of it here."""
    done = subprocess.run(
        [sys.executable, "-c", CUT_WHILE_READ, str(tmp_path)],
        check=False,
        cwd=root,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout) == (0, f"0 {60 * 300} 59\n"), done.stderr


def test_a_run_tells_what_it_encoded_again(tmp_path: Path) -> None:
    suite = suite_of(
        benchmarks=("mini",), languages=("en",), encoders=("hashing",), perturbations=("typos",), severities=(0.5,)
    )
    plan, cache = make_plan(suite), tmp_path / "cache"
    options = RunOptions(jobs=1, cache=cache)
    _, notes = execute_plan(plan, RunDirectory(tmp_path / "first"), options, formats=("csv",))
    assert notes == []
    stored = sorted(cache.glob("*/*.vectors"))
    raw = bytearray(stored[0].read_bytes())
    raw[-1] ^= 1
    stored[0].write_bytes(raw)
    _, notes = execute_plan(plan, RunDirectory(tmp_path / "second"), options, formats=("csv",))
    why = "a vector does not match its digest"
    assert notes == [
        f"1 file of stored vectors was damaged, and their texts encoded again; the first: {stored[0]} ({why})"
    ]
    ranks = [
        sorted(path.read_bytes() for path in (tmp_path / name / "ranks").iterdir()) for name in ("first", "second")
    ]
    assert ranks[0] == ranks[1] != []


def test_a_store_of_which_nothing_is_left_is_written_anew(tmp_path: Path) -> None:
    filled(tmp_path, invariant=True)
    store, encoder = EmbeddingStore(tmp_path, trial=0), Recorder(width=5)
    assert store.encode_unit(encoder, TEXTS, role="query").encoded == 0
    shutil.rmtree(tmp_path)
    assert store.encode_unit(encoder, TEXTS, role="query").encoded == 30
    assert store.take_damaged() == []
    assert np.isfinite(store.encode_unit(encoder, TEXTS[:3], role="query").vectors).all()
