from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from robustir.contracts import Role
from robustir.errors import EncoderError, InputError, RunError
from robustir.seeds import derive_key
from robustir.vectors.store import EmbeddingStore, default_folder


class Recorder:
    """An encoder that remembers what it was asked for; a vector depends on role, language and text alone."""

    def __init__(
        self, *, invariant: bool = True, uses_langs: bool = False, revision: str = "1", width: int = 3
    ) -> None:
        self.name = "recorder"
        self.revision = revision
        self.batch_invariant = invariant
        self.uses_langs = uses_langs
        self.width = width
        self.calls: list[list[str]] = []

    def vector(self, text: str, role: str, lang: str) -> list[float]:
        seed = int.from_bytes(derive_key(text, role, lang if self.uses_langs else "")[:4], "little")
        values: list[float] = ((seed + 2654435761 * np.arange(self.width)) % 2**20 / 2**20).tolist()
        return values

    def encode(self, texts: Sequence[str], *, role: Role, langs: Sequence[str] | None = None) -> NDArray[np.float32]:
        self.calls.append(list(texts))
        used = langs if langs is not None else [""] * len(texts)
        rows = [self.vector(text, role, lang) for text, lang in zip(texts, used, strict=True)]
        return np.array(rows, dtype=np.float32).reshape(len(texts), self.width)


def expected(encoder: Recorder, texts: Sequence[str], role: str = "query") -> list[list[float]]:
    return [encoder.vector(text, role, "") for text in texts]


@pytest.fixture
def store(tmp_path: Path) -> EmbeddingStore:
    return EmbeddingStore(tmp_path / "store", trial=0)


def test_each_distinct_text_is_encoded_once(store: EmbeddingStore) -> None:
    encoder = Recorder()
    first = store.encode_unit(encoder, ["a", "b", "a"], role="query")
    assert first.vectors.tolist() == expected(encoder, ["a", "b", "a"])
    assert first.vectors.dtype == np.float32
    assert (first.encoded, first.reused) == (2, 0)
    second = store.encode_unit(encoder, ["c", "b", "", "a"], role="query")
    assert second.vectors.tolist() == expected(encoder, ["c", "b", "", "a"])
    assert (second.encoded, second.reused) == (2, 2)
    assert encoder.calls == [["a", "b"], ["c", ""]]
    assert store.vectors(encoder, ["", "c"], "query").tolist() == expected(encoder, ["", "c"])
    assert len(encoder.calls) == 2


def test_without_batch_invariance_a_unit_is_found_wholly_or_not_at_all(store: EmbeddingStore) -> None:
    encoder = Recorder(invariant=False)
    store.encode_unit(encoder, ["a", "b"], role="query")
    assert store.encode_unit(encoder, ["a", "b", "a"], role="query")[1:] == (0, 2)
    for texts in (["b", "a"], ["a"], ["a", "b", "c"]):
        found = store.encode_unit(encoder, texts, role="query")
        assert (found.encoded, found.reused) == (len(texts), 0)
        assert found.vectors.tolist() == expected(encoder, texts)
    assert encoder.calls == [["a", "b"], ["b", "a"], ["a"], ["a", "b", "c"]]


def test_role_language_and_revision_keep_apart(store: EmbeddingStore) -> None:
    encoder = Recorder(uses_langs=True)
    for role in ("query", "passage"):
        for lang in ("en", "de"):
            found = store.encode_unit(encoder, ["a"], role=role, langs=[lang])  # type: ignore[arg-type]  # a literal
            assert found.encoded == 1
            assert found.vectors[0].tolist() == encoder.vector("a", role, lang)
    both = store.encode_unit(encoder, ["a", "a"], role="query", langs=["de", "en"])
    assert (both.encoded, both.reused) == (0, 2)
    assert both.vectors.tolist() == [encoder.vector("a", "query", "de"), encoder.vector("a", "query", "en")]
    assert store.encode_unit(Recorder(uses_langs=True, revision="2"), ["a"], role="query", langs=["en"]).encoded == 1


def test_languages_do_not_part_texts_of_an_encoder_that_ignores_them(store: EmbeddingStore) -> None:
    encoder = Recorder()
    store.encode_unit(encoder, ["a", "a"], role="query", langs=["en", "de"])
    assert encoder.calls == [["a"]]
    assert store.encode_unit(encoder, ["a"], role="query", langs=["fr"]).reused == 1


def test_a_unit_is_found_as_a_whole_unless_its_batch_does_not_matter(store: EmbeddingStore) -> None:
    encoder = Recorder(invariant=False)
    first = store.encode_unit(encoder, ["a", "b"], role="query")
    again = store.encode_unit(encoder, ["a", "b", "a"], role="query")
    assert (first.encoded, again.encoded) == (2, 0)
    assert again.vectors.tolist() == [*first.vectors.tolist(), first.vectors.tolist()[0]]
    assert store.encode_unit(encoder, ["b", "a"], role="query").encoded == 2
    shared = Recorder()  # the same name and revision: what it promises of batches is part of the key
    assert store.encode_unit(shared, ["a", "b"], role="query").encoded == 2
    reverse = store.encode_unit(shared, ["b", "a"], role="query")
    assert reverse.encoded == 0
    assert reverse.vectors.tolist() == first.vectors.tolist()[::-1]
    assert store.encode_unit(shared, ["b", "c"], role="query").encoded == 1


@given(
    st.lists(st.lists(st.text(alphabet="ab\ud800é", max_size=2), min_size=1, max_size=6), min_size=1, max_size=5),
    st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_any_history_gives_what_the_encoder_gives(
    tmp_path_factory: pytest.TempPathFactory, units: list[list[str]], invariant: bool
) -> None:
    store = EmbeddingStore(tmp_path_factory.mktemp("store"), trial=0)
    encoder = Recorder(invariant=invariant)
    for texts in units:
        assert store.encode_unit(encoder, texts, role="query").vectors.tolist() == expected(encoder, texts)
    if invariant:
        asked = [text for call in encoder.calls for text in call]
        assert len(asked) == len(set(asked)) == len({text for texts in units for text in texts})


def test_what_breaks_the_contract_is_never_stored(store: EmbeddingStore) -> None:
    class Broken(Recorder):
        def encode(self, texts: Sequence[str], *, role: Role, langs: Any = None) -> NDArray[np.float32]:
            return np.full((len(texts), 2), np.inf, dtype=np.float32)

    class Failing(Recorder):
        def encode(self, texts: Sequence[str], *, role: Role, langs: Any = None) -> NDArray[np.float32]:
            raise ZeroDivisionError("oops")

    with pytest.raises(EncoderError, match="recorder returned NaN or infinity in row 0"):
        store.encode_unit(Broken(), ["a"], role="query")
    with pytest.raises(EncoderError, match="recorder failed on 1 texts: ZeroDivisionError: oops"):
        store.encode_unit(Failing(), ["a"], role="query")
    assert store.info()["entries"] == 0
    with pytest.raises(InputError, match="texts is empty"):
        store.encode_unit(Recorder(), [], role="query")
    with pytest.raises(InputError, match="needs to know the language"):
        store.encode_unit(Recorder(uses_langs=True), ["a"], role="query")
    with pytest.raises(InputError, match="one language per text"):
        store.encode_unit(Recorder(), ["a"], role="query", langs=["en", "de"])


def test_other_dimensions_under_the_same_revision_are_refused(store: EmbeddingStore) -> None:
    store.encode_unit(Recorder(width=3), ["a"], role="query")
    with pytest.raises(EncoderError, match="2 dimensions, but the same revision gave 3"):
        store.encode_unit(Recorder(width=2), ["a", "b"], role="query")


def test_info_counts_and_prune_empties(store: EmbeddingStore) -> None:
    assert store.info() == {"path": str(store.path), "entries": 0, "bytes": 0, "encoders": []}
    assert not store.path.exists()  # asking creates nothing
    store.encode_unit(Recorder(), ["a", "b"], role="query")
    store.encode_unit(Recorder(), ["b", "c"], role="query")
    store.encode_unit(Recorder(revision="2", invariant=False), ["a", "b"], role="query")
    info = store.info()
    assert info["entries"] == 5
    assert info["bytes"] == sum(path.stat().st_size for path in store.path.glob("*/*.vectors"))
    assert info["encoders"] == [
        {"name": "recorder", "revision": "1", "dimensions": 3, "vectors": 3},
        {"name": "recorder", "revision": "2", "dimensions": 3, "vectors": 2},
    ]
    store.prune()
    assert store.info()["entries"] == 0
    assert store.encode_unit(Recorder(), ["a"], role="query").encoded == 1
    store.prune()
    store.prune()


def test_two_objects_share_one_file(store: EmbeddingStore) -> None:
    other = EmbeddingStore(store.path)
    store.encode_unit(Recorder(), ["a"], role="query")
    assert other.encode_unit(Recorder(), ["a"], role="query").reused == 1
    other.encode_unit(Recorder(), ["b"], role="query")
    assert store.encode_unit(Recorder(), ["b", "a"], role="query").reused == 2


def test_texts_of_many_units_are_found_in_any_order(store: EmbeddingStore) -> None:
    encoder = Recorder(width=5)
    texts = [str(number) for number in range(2_000)]
    sizes = [1, 700, 3, 3, 20, 400, 1, 5, 867]
    for begin, size in zip(np.cumsum([0, *sizes]), sizes, strict=False):
        store.encode_unit(encoder, texts[begin : begin + size], role="query")
        assert store.encode_unit(encoder, texts[: begin + size][::-1], role="query").encoded == 0
    shuffled = [texts[at] for at in np.random.default_rng(0).permutation(2_000)]
    for again in (store, EmbeddingStore(store.path, trial=0)):
        found = again.encode_unit(encoder, shuffled, role="query")
        assert found[1:] == (0, 2_000)
        assert found.vectors.tolist() == expected(encoder, shuffled)


def fill(folder: Path, worker: int) -> int:
    """Put what the others put too, and some of its own; return how many wrong vectors were seen."""
    store = EmbeddingStore(folder)
    encoder = Recorder(width=200)
    wrong = 0
    for step in range(12):
        texts = [f"shared {step * 7 + number}" for number in range(20)] + [f"{worker} {step}"]
        found = store.encode_unit(encoder, texts, role="query")
        wrong += int((found.vectors != np.array(expected(encoder, texts), np.float32)).any(axis=1).sum())
    return wrong


def test_processes_share_a_store(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    store = EmbeddingStore(tmp_path)
    store.encode_unit(Recorder(), ["read before the fork"], role="query")
    with context.Pool(3) as pool:
        assert pool.starmap(fill, [(tmp_path, worker) for worker in range(3)]) == [0, 0, 0]
    assert fill(tmp_path, 0) == 0  # this process reads what others wrote
    again = store.encode_unit(Recorder(width=200), [f"shared {number}" for number in range(97)], role="query")
    assert (again.encoded, again.reused) == (0, 97)


def test_a_killed_writer_leaves_whole_units(tmp_path: Path, root: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, 'tests/vectors'); from test_store import Recorder;"
        "from robustir.vectors.store import EmbeddingStore;"
        f"store = EmbeddingStore({str(tmp_path)!r}); encoder = Recorder(width=500, invariant=False);"
        "print('ready', flush=True);"
        "[store.encode_unit(encoder, [f'{unit} {text}' for text in range(50)], role='query') for unit in range(10**6)]"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.4)
        process.send_signal(signal.SIGKILL)
    store = EmbeddingStore(tmp_path)
    encoder = Recorder(width=500, invariant=False)
    kept = store.info()["entries"]
    assert kept % 50 == 0
    for unit in range(kept // 50 + 2):
        found = store.encode_unit(encoder, [f"{unit} {text}" for text in range(50)], role="query")
        assert found.reused == (50 if unit < kept // 50 else 0)
        assert found.vectors[7].tolist() == encoder.vector(f"{unit} 7", "query", "")


def test_a_full_disk_is_one_clear_message(tmp_path: Path, root: Path) -> None:
    # A limit on file size fails writes as a full disk does, without needing one.
    code = f"""
import resource, signal, sys
sys.path.insert(0, "tests/vectors")
from test_store import Recorder
from robustir.vectors.store import EmbeddingStore
from robustir.errors import RunError
store = EmbeddingStore({str(tmp_path)!r})
store.encode_unit(Recorder(), ["kept"], role="query")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
try:
    store.encode_unit(Recorder(width=2000), [str(number) for number in range(500)], role="passage")
except RunError as error:
    print(error)
print(store.encode_unit(Recorder(), ["kept"], role="query").reused, store.info()["entries"])
"""
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    message, after = result.stdout.splitlines()
    assert message.startswith("cannot write to the embedding store")
    assert "nothing half-written is left" in message
    assert "robustir cache prune" in message
    assert after == "1 1"


def test_what_an_older_store_left_is_pruned(store: EmbeddingStore) -> None:
    store.path.mkdir()
    for name in ("data.mdb", "lock.mdb", "mine.txt"):
        (store.path / name).write_bytes(bytes(100))
    store.encode_unit(Recorder(), ["a"], role="query")
    assert store.info()["entries"] == 1
    assert store.info()["bytes"] > 300
    store.prune()
    assert [path.name for path in store.path.iterdir()] == ["mine.txt"]


def test_what_a_killed_process_left_unfinished_goes_after_a_day(store: EmbeddingStore) -> None:
    store.encode_unit(Recorder(), ["a"], role="query")
    (folder,) = store.path.iterdir()
    for name, age in ((".new.tmp", 0), (".old.tmp", 100_000)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (time.time() - age, time.time() - age))
    store.encode_unit(Recorder(), ["b"], role="query")
    assert sorted(path.name for path in folder.glob(".*")) == [".new.tmp"]


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="set ROBUSTIR_CACHE"):
        EmbeddingStore(tmp_path / "file" / "store").encode_unit(Recorder(), ["a"], role="query")


def test_the_default_folder_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROBUSTIR_CACHE", str(tmp_path / "here"))
    assert default_folder() == tmp_path / "here" / "embeddings"
    assert EmbeddingStore().path == tmp_path / "here" / "embeddings"
    monkeypatch.delenv("ROBUSTIR_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    if sys.platform == "linux":
        assert default_folder() == tmp_path / "xdg" / "robustir" / "embeddings"
    assert os.fspath(default_folder()).endswith("embeddings")
