"""The shipped lexicons and their interface."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from robustir.errors import DataError, NotApplicableError
from robustir.perturbations.tables.lexicons import Lexicon, fold, load_lexicon, name_words, read_rows, synonyms
from tests.strategies import LANGUAGES


@pytest.mark.parametrize(
    ("source", "target", "word", "expected"),
    [
        ("en", "de", "House", "Haus"),
        ("de", "en", "haus", "house"),
        ("en", "es", "water", "agua"),
        ("en", "ru", "book", "книга"),
        ("ru", "en", "книгу", "book"),
        ("en", "tr", "eyes", "gözler"),
        ("en", "tr", "chance", "şans"),
        ("zh", "en", "水", "water"),
        ("es", "de", "agua", "Wasser"),
    ],
)
def test_translations(source: str, target: str, word: str, expected: str) -> None:
    assert load_lexicon(source, target).translations(word)[0][0] == expected


def test_every_pair_has_ordered_probabilities() -> None:
    for lang in LANGUAGES:
        if lang != "en":
            for lexicon in (load_lexicon("en", lang), load_lexicon(lang, "en")):
                assert len(lexicon.entries) > 500
                for word, found in lexicon.entries.items():
                    chances = [chance for _, chance in found]
                    assert word == fold(word, lexicon.source)
                    assert chances == sorted(chances, reverse=True)
                    assert 0 < sum(chances) <= 1.01


def test_a_pivot_multiplies_and_sums() -> None:
    word = "casa"
    first, second = load_lexicon("es", "en"), load_lexicon("en", "de")
    expected: dict[str, float] = {}
    for english, chance in first.translations(word):
        for german, onward in second.translations(english):
            expected[german] = expected.get(german, 0) + chance * onward
    assert dict(load_lexicon("es", "de").translations(word)).items() <= expected.items()


def test_unknown_words_and_pairs() -> None:
    assert load_lexicon("en", "de").translations("qqqqq") == ()
    for pair in (("en", "en"), ("en", "sw")):
        with pytest.raises(NotApplicableError, match="any two of: ar, de"):
            load_lexicon(*pair)


def test_synonyms_leave_the_word_out() -> None:
    found = [word.lower() for word, _ in synonyms("Quick", "en")]
    assert found
    assert "quick" not in found
    assert synonyms("qqqqq", "de") == ()


def test_names_and_case() -> None:
    assert fold("IŞIK", "tr") == "ışık"
    assert "london" in name_words("en")
    assert "bridge" not in name_words("en")
    assert Lexicon("tr", "en", {"ışık": (("light", 1.0),)}).translations("IŞIK") == (("light", 1.0),)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "en-de.tsv.gz"
    path.write_bytes(gzip.compress(b"# source: x\na\tb\n"))
    with pytest.raises(DataError, match="gz:2: expected"):
        list(read_rows(path))
    with pytest.raises(DataError, match="robustir lexicon build"):
        list(read_rows(tmp_path / "none.gz"))
