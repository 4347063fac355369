"""The laws of the word order control."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustir.errors import SpecError
from robustir.languages import has_spaces
from robustir.perturbations.shuffle_words import ShuffleWords
from robustir.seeds import Stream, derive_key
from robustir.text.words import word_spans, words
from tests.strategies import LANGUAGES, SENTENCES, keys, languages, severities, texts

batches = st.lists(st.tuples(texts, languages, keys), max_size=5)
TEN = "one two three four five six seven eight nine ten"


def one(text: str, lang: str, key: bytes, severity: float = 1.0) -> str:
    return ShuffleWords()(text, lang=lang, severity=severity, rng=Stream(key))


@given(batches, severities)
@settings(max_examples=40, deadline=None)
def test_a_batch_equals_its_texts_one_by_one(batch: list[tuple[str, str, bytes]], severity: float) -> None:
    many, langs, many_keys = zip(*batch, strict=True) if batch else ((), (), ())
    together = ShuffleWords().apply_batch(many, langs=langs, severity=severity, keys=many_keys)
    assert together == [one(text, lang, key, severity) for text, lang, key in batch]
    assert ShuffleWords().apply_batch(many, langs=langs, severity=0, keys=many_keys) == list(many)


@given(texts, languages, keys, severities)
@settings(max_examples=60, deadline=None)
def test_words_are_kept_and_so_is_what_stands_between(text: str, lang: str, key: bytes, severity: float) -> None:
    noisy = one(text, lang, key, severity)
    assert Counter(noisy) == Counter(text)
    spans = [(0, 0), *word_spans(text, lang), (len(text), len(text))]
    between = [text[spans[place][1] : spans[place + 1][0]] for place in range(len(spans) - 1)]
    position = 0
    for gap in between:
        position = noisy.index(gap, position) + len(gap)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_words_of_a_sentence_all_move_at_severity_1(lang: str) -> None:
    clean = words(SENTENCES[lang], lang)
    noisy = one(SENTENCES[lang], lang, derive_key("move", lang))
    if has_spaces(lang):
        moved = words(noisy, lang)
        assert sorted(moved) == sorted(clean)
        assert all(before != after for before, after in zip(clean, moved, strict=True))
    assert noisy != SENTENCES[lang]


def test_words_that_moved_stay_where_they_are_at_higher_severities() -> None:
    for number in range(100):
        levels = [one(TEN, "en", derive_key("nest", number), severity).split() for severity in (0, 0.1, 0.3, 0.6, 1)]
        for forms in zip(*levels, strict=True):
            moved = [form != forms[0] for form in forms]
            assert moved == sorted(moved)
            assert len(set(forms)) <= 2


@pytest.mark.parametrize(("text", "severity"), [(TEN, 0.3), (TEN + " eleven", 0.5), ("a b", 0.2), ("a b c", 0.4)])
def test_severity_is_the_expected_share_of_words_that_move(text: str, severity: float) -> None:
    clean = text.split()
    draws = 3000
    many_keys = [derive_key("share", number) for number in range(draws)]
    noisy = ShuffleWords().apply_batch([text] * draws, langs=["en"] * draws, severity=severity, keys=many_keys)
    moved = sum(before != after for shuffled in noisy for before, after in zip(clean, shuffled.split(), strict=True))
    # The words of a group move together, so the groups (of three at most) are what is independent.
    error = math.sqrt(severity * (1 - severity) / (draws * len(clean) / 3))
    assert abs(moved / (draws * len(clean)) - severity) < 4.5 * error


def test_small_texts_by_hand() -> None:
    assert one("a, b!", "en", derive_key("x")) == "b, a!"
    assert one("alone", "en", derive_key("x")) == "alone"
    assert {one("a b c", "en", derive_key("x", number)) for number in range(40)} == {"b c a", "c a b"}
    four = {one("a b c d", "en", derive_key("x", number)) for number in range(80)}
    assert four == {"b a d c", "c d a b", "d c b a"}


def test_no_word_comes_behind_a_virama_that_stands_alone() -> None:
    for lang in ("ar", "hi", "zh"):
        assert {one("क,्1", lang, derive_key("x", number)) for number in range(20)} == {"क,्1"}


def test_wrong_arguments() -> None:
    with pytest.raises(SpecError, match="from 0 to 1"):
        one("a b", "en", derive_key("x"), 2)
    with pytest.raises(SpecError, match="1 texts, 1 languages and 0 keys"):
        ShuffleWords().apply_batch(["a"], langs=["en"], severity=0.5, keys=[])


def test_a_mark_of_repetition_stays_where_it_is() -> None:
    for number in range(20):  # the segmenter cuts it off here
        noisy = one("ชุดใด ๆ ที่ได้รับ", "th", derive_key("repeat", number))
        assert noisy[:5] != "ชุดใด"
        assert noisy.split()[1] == "ๆ"
