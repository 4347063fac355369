from __future__ import annotations

import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustir.encoders.hashing import HashingEncoder
from robustir.encoders.ngrams import hash_ngrams, hash_words
from robustir.errors import SpecError
from tests.processes import outputs_under_hash_seeds

TEXT = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="ab ç\n̈Aß-是仮カ٣ไน\u200d\ud800", max_size=30),
)


def oracle_ngrams(text: str, sizes: range) -> Counter[str]:
    """Character n-grams within words, written as one would explain them."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    runs: list[tuple[str, bool]] = []
    open_run = False
    for char in folded:
        category = unicodedata.category(char)
        if category == "Cf":
            continue
        if category[0] not in "LMN":
            open_run = False
            continue
        name = unicodedata.name(char, "")
        dense = name.startswith(("CJK UNIFIED", "CJK COMPAT", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC"))
        if open_run and runs[-1][1] == dense:
            runs[-1] = (runs[-1][0] + char, dense)
        else:
            runs.append((char, dense))
        open_run = True
    found: Counter[str] = Counter()
    for run, dense in runs:
        padded = run if dense else f" {run} "
        for size in (1, 2) if dense else sizes:
            found.update(padded[i : i + size] for i in range(len(padded) - size + 1))
    return found


@given(st.lists(TEXT, min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_ngrams_are_those_of_the_definition(texts: list[str]) -> None:
    units = hash_ngrams(texts, range(3, 5))
    for row, text in enumerate(texts):
        hashes = units.hashes[units.rows == row].tolist()
        # The hash is one to one on these few n-grams, so the multiset of repetitions says it all.
        assert sorted(Counter(hashes).values()) == sorted(oracle_ngrams(text, range(3, 5)).values())


def test_the_same_ngram_has_the_same_hash_anywhere() -> None:
    units = hash_ngrams(["nile", "the Nile.", "ＮＩＬＥ"], range(3, 5))
    by_row = [set(units.hashes[units.rows == row].tolist()) for row in range(3)]
    assert len(by_row[0]) == 4 + 3  # " ni", nil, ile, "le ", " nil", nile, "ile "
    assert by_row[0] == by_row[2]
    assert by_row[0] < by_row[1]


def test_words_by_hand() -> None:
    units = hash_words(["The nile, the NILE", "nile 是水", "-- !"])
    the, nile = units.hashes[:2].tolist()
    assert units.rows.tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert units.hashes.tolist()[:5] == [the, nile, the, nile, nile]
    assert len(set(units.hashes.tolist())) == 4
    assert len(set(hash_words(["ab", "ba", "a"]).hashes.tolist())) == 3


@given(st.lists(TEXT, min_size=1, max_size=8), st.sampled_from(["char", "word"]))
@settings(max_examples=100, deadline=None)
def test_a_vector_does_not_depend_on_its_batch(texts: list[str], analyzer: str) -> None:
    encoder = HashingEncoder(dim=17, analyzer=analyzer)  # type: ignore[arg-type]  # a sampled literal
    together = encoder.encode(texts, role="query")
    for row, text in enumerate(texts):
        assert together[row].tobytes() == encoder.encode([text], role="passage")[0].tobytes()


def test_blocks_do_not_show() -> None:
    texts = [f"question {number} of the Nile" for number in range(1500)]
    encoder = HashingEncoder()
    assert encoder.encode(texts, role="query")[1024:].tobytes() == encoder.encode(texts[1024:], role="query").tobytes()


@given(TEXT)
@settings(max_examples=60, deadline=None)
def test_values_are_signed_square_roots_of_shares(text: str) -> None:
    vector = HashingEncoder(dim=13).encode([text], role="query")[0].astype(np.float64)
    squares = vector * np.abs(vector)  # signed counts over their absolute sum
    if not vector.any():
        return
    assert abs(np.abs(squares).sum() - 1) < 1e-6
    smallest = np.abs(squares[squares != 0]).min()
    total = sum(oracle_ngrams(text, range(3, 5)).values())
    assert round(1 / smallest) <= total


def test_counts_by_hand() -> None:
    # One n-gram, "nnnn..." of one Han sign: 是 thrice gives 是 x3 and 是是 x2.
    vector = HashingEncoder(dim=4096).encode(["是是是"], role="query")[0]
    values = sorted(np.abs(vector[vector != 0]).tolist())
    np.testing.assert_allclose(values, [np.sqrt(2 / 5), np.sqrt(3 / 5)], rtol=1e-6)


def test_text_without_letters_is_zero() -> None:
    vectors = HashingEncoder().encode(["", " \n?!", "\u200d"], role="query")
    assert vectors.shape == (3, 384)
    assert not vectors.any()
    assert HashingEncoder().encode([], role="query").shape == (0, 384)


def test_similar_spellings_are_near() -> None:
    a, typo, other = HashingEncoder().encode(["the longest river", "the longset river", "a green table"], role="query")
    assert a @ typo > 0.4 > a @ other


def test_the_seed_moves_the_buckets() -> None:
    one, two = (HashingEncoder(seed=seed).encode(["the nile"], role="query") for seed in (0, 1))
    assert not np.array_equal(one, two)


def test_the_same_bits_in_another_process(root: Path) -> None:
    code = (
        "from robustir.encoders.hashing import HashingEncoder;"
        "print(HashingEncoder().encode(['Wo fließt der Nil?', 'नील नदी'], role='query').tobytes().hex())"
    )
    outputs = outputs_under_hash_seeds(code)
    here = HashingEncoder().encode(["Wo fließt der Nil?", "नील नदी"], role="query").tobytes().hex()
    assert outputs == {here + "\n"}


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(SpecError, match="at least one dimension"):
        HashingEncoder(dim=0)
    with pytest.raises(SpecError, match="shortest and the longest"):
        HashingEncoder(ngrams=(4, 3))
    with pytest.raises(SpecError, match="'char' or 'word'"):
        HashingEncoder(analyzer="sentence")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(SpecError, match="whole number"):
        HashingEncoder(seed=-1)


def test_the_revision_tells_parameters_apart() -> None:
    encoders = [
        HashingEncoder(),
        HashingEncoder(dim=16),
        HashingEncoder(ngrams=(2, 4)),
        HashingEncoder(analyzer="word"),
        HashingEncoder(seed=1),
    ]
    assert len({encoder.revision for encoder in encoders}) == 5
    assert HashingEncoder().revision == encoders[0].revision
