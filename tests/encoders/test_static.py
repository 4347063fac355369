from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from robustir.encoders.pieces import PieceFinder, Pieces
from robustir.encoders.static import StaticEncoder
from robustir.encoders.static_files import pack_rows, unpack_rows, write_open, write_packed
from robustir.errors import InputError
from robustir.kit.check import check

# Letters of several scripts, so that questions of any language differ.
WORDS = ("▁the", "▁nile", "▁is", "▁long", "▁n", "ile", "▁", "是", "水", "a", *"bcdefgrиеносвλοταकनारนรมاليو")


def tiny_tokenizer() -> str:
    vocab = [("<unk>", 0.0)] + [(word, -float(rank + 1)) for rank, word in enumerate(WORDS)]
    tokenizer = Tokenizer(models.Unigram(vocab, unk_id=0))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer.to_str()


def tiny_table(dim: int = 24) -> NDArray[np.float32]:
    return np.random.default_rng(3).standard_normal((len(WORDS) + 1, dim)).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("static") / "tiny"
    write_open(made, tiny_table(), tiny_tokenizer())
    return made


def test_the_mean_of_the_pieces_by_hand(folder: Path) -> None:
    table = tiny_table()
    vector = StaticEncoder(str(folder)).encode(["The Nile is"], role="query")[0]
    expected = table[[1, 2, 3]].mean(axis=0)
    np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), rtol=1e-5)


def test_packed_rows_are_within_half_a_step(tmp_path: Path) -> None:
    table = tiny_table()
    table[4] = 0
    codes, scale = pack_rows(table)
    assert codes.dtype == np.int8
    assert (np.abs(codes * scale[:, None] - table) <= scale[:, None] * 0.5001).all()
    write_packed(tmp_path / "packed", table, tiny_tokenizer())
    write_open(tmp_path / "open", codes * scale[:, None], tiny_tokenizer())
    texts = ["the long nile", "是水 a"]
    packed, opened = (StaticEncoder(str(tmp_path / name)).encode(texts, role="query") for name in ("packed", "open"))
    assert packed.tobytes() == opened.tobytes()


@pytest.mark.parametrize("dim", [24, 25])
@pytest.mark.parametrize("bits", [3, 4])
def test_rows_of_few_bits_are_small_and_near(tmp_path: Path, dim: int, bits: Literal[3, 4]) -> None:
    table = tiny_table(dim)
    table[4] = 0
    codes, scale = pack_rows(table, bits)
    assert (codes.min(), codes.max()) == {3: (-4, 3), 4: (-7, 7)}[bits]
    back = unpack_rows(codes, scale, bits)
    reached = np.abs(table) <= {3: 4, 4: 7.5}[bits] * scale[:, None]
    assert (np.abs(back - table) <= scale[:, None] * 0.5001)[reached].all()
    assert reached.mean() > 0.95
    assert not back[4].any()
    # The best even quantisers of a normal variable lose 0.0374 and 0.0115 of its variance (Max 1960, table II).
    lost = np.square(back - table).sum() / np.square(table).sum()
    assert lost < {3: 0.045, 4: 0.018}[bits]
    write_packed(tmp_path / "packed", table, tiny_tokenizer(), bits)
    write_open(tmp_path / "open", back, tiny_tokenizer())
    texts = ["the long nile", "是水 a"]
    packed, opened = (StaticEncoder(str(tmp_path / name)).encode(texts, role="query") for name in ("packed", "open"))
    assert packed.tobytes() == opened.tobytes()
    stored = load_file(tmp_path / "packed" / "model.safetensors")[f"embedding.int{bits}"]
    assert stored.nbytes == len(table) * -(-dim * bits // 8)


@given(st.lists(st.text(alphabet="the nilongs是水\ud800\n", max_size=20), min_size=1, max_size=8))
@settings(max_examples=80, deadline=None)
def test_a_vector_does_not_depend_on_its_batch(folder: Path, texts: list[str]) -> None:
    encoder = StaticEncoder(str(folder))
    together = encoder.encode(texts, role="query")
    for row, text in enumerate(texts):
        assert together[row].tobytes() == encoder.encode([text], role="passage")[0].tobytes()


def test_it_keeps_the_laws_of_encoders(folder: Path) -> None:
    broken = [law for law in check("encoder", f"static({str(folder)!r})") if not law.passed]
    assert broken == []


def test_no_text_and_no_piece(folder: Path) -> None:
    encoder = StaticEncoder(str(folder))
    assert encoder.encode([], role="query").shape == (0, 24)
    assert not encoder.encode([""], role="query").any()


def test_the_open_layout_is_that_of_sentence_transformers(folder: Path) -> None:
    modules = json.loads((folder / "modules.json").read_text())
    assert [module["type"].rpartition(".")[2] for module in modules] == ["StaticEmbedding", "Normalize"]
    assert set(load_file(folder / modules[0]["path"] / "model.safetensors")) == {"embedding.weight"}


def test_model2vec_folders_are_read(tmp_path: Path) -> None:
    save_file({"embeddings": tiny_table()}, tmp_path / "model.safetensors")
    (tmp_path / "tokenizer.json").write_text(tiny_tokenizer())
    (tmp_path / "config.json").write_text('{"normalize": false}')
    vector = StaticEncoder(str(tmp_path)).encode(["the nile"], role="query")[0]
    np.testing.assert_allclose(vector, tiny_table()[[1, 2]].mean(axis=0), rtol=1e-5)


def test_bad_folders_are_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        StaticEncoder(str(tmp_path / "nowhere")).encode(["a"], role="query")
    with pytest.raises(InputError, match=r"no weights .*model\.safetensors is missing"):
        StaticEncoder(str(tmp_path)).encode(["a"], role="query")
    save_file({"embeddings": tiny_table()[:4]}, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match="no tokenizer"):
        StaticEncoder(str(tmp_path)).encode(["a"], role="query")
    (tmp_path / "tokenizer.json").write_text(tiny_tokenizer())
    with pytest.raises(InputError, match="39 pieces, but the table has 4 rows"):
        StaticEncoder(str(tmp_path)).encode(["a"], role="query")
    save_file({"lstm.weight": tiny_table()}, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match=r"holds lstm\.weight"):
        StaticEncoder(str(tmp_path)).encode(["a"], role="query")
    (tmp_path / "model.safetensors").write_bytes(b"not one")
    with pytest.raises(InputError, match="not a valid safetensors file"):
        StaticEncoder(str(tmp_path)).encode(["a"], role="query")


def test_the_revision_is_that_of_the_content(folder: Path, tmp_path: Path) -> None:
    write_open(tmp_path / "copy", tiny_table(), tiny_tokenizer())
    write_open(tmp_path / "other", tiny_table() * 2, tiny_tokenizer())
    revision = StaticEncoder(str(folder)).revision
    assert StaticEncoder(str(tmp_path / "copy")).revision == revision != StaticEncoder(str(tmp_path / "other")).revision


def test_encoders_of_one_tokenizer_share_the_pieces_of_a_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["The Nile is long", "", "是水 nile"]
    tables = [np.random.default_rng(seed).standard_normal(tiny_table().shape).astype(np.float32) for seed in range(4)]
    made, seen = [], Counter[str]()
    find = PieceFinder._find

    def counting(finder: PieceFinder, some: list[str]) -> Pieces:
        seen.update(some)
        return find(finder, some)

    monkeypatch.setattr(PieceFinder, "_find", counting)
    for number, table in enumerate(tables):
        write_open(tmp_path / str(number), table, tiny_tokenizer())
        made.append(StaticEncoder(str(tmp_path / str(number))))
        vectors = made[-1].encode(texts, role="query")
        pieces = Tokenizer.from_str(tiny_tokenizer()).encode(texts[0]).ids
        expected = table[pieces].sum(axis=0)
        assert vectors[0] == pytest.approx(expected / np.linalg.norm(expected), abs=1e-6)
    assert set(seen.values()) == {2}  # by the first, which is alone, and by the second, which finds that it is not


def test_pieces_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("robustir.encoders.pieces._MOST_BYTES", 200)
    finder = PieceFinder(Tokenizer.from_str(tiny_tokenizer()))
    finder.users = 2
    blocks = [[f"nile {number}", "is long"] for number in range(50)]
    first = [finder.find(block) for block in blocks]
    assert finder._bytes <= 200
    again = [finder.find(block) for block in blocks]
    assert all(np.array_equal(a.numbers, b.numbers) for a, b in zip(first, again, strict=True))


def test_a_model_that_is_more_than_a_table_is_refused(static_layout: Path) -> None:
    with pytest.raises(InputError, match=r"has the prompt 'where ', .* use  transformer\(FOLDER\)"):
        StaticEncoder(str(static_layout)).encode(["a"], role="query")
