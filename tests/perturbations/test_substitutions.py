"""Tables of substitutions on blocks, and the laws that ocr, homoglyph and diacritics have through them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings

from robustir.errors import DataError
from robustir.perturbations.diacritics import Diacritics
from robustir.perturbations.homoglyph import Homoglyph
from robustir.perturbations.ocr import Ocr
from robustir.perturbations.shared.rule_based import RuleBased
from robustir.perturbations.tables.substitutions import Substitutions, covered, replace_all, replace_one
from robustir.seeds import Stream, derive_key, key_array
from robustir.text.blocks import Block
from tests.strategies import LANGUAGES, keys, languages, severities, texts

EVERY = [Ocr(), Homoglyph(), Diacritics(), Diacritics("wrong")]
KEYS = [derive_key("many", number) for number in range(4_000)]


@pytest.mark.parametrize("perturbation", EVERY, ids=["ocr", "homoglyph", "strip", "wrong"])
@given(text=texts, lang=languages, key=keys, severity=severities)
@settings(max_examples=60, deadline=None)
def test_severities_nest_and_a_batch_equals_its_texts(
    perturbation: RuleBased, text: str, lang: str, key: bytes, severity: float
) -> None:
    if perturbation.languages is None or lang not in perturbation.languages:
        return
    alone = perturbation(text, lang=lang, severity=severity, rng=Stream(key))
    others = ["one two", text, "été ß"]
    batch = perturbation.apply_batch(others, langs=[lang] * 3, severity=severity, keys=[KEYS[0], key, KEYS[1]])
    assert batch[1] == alone
    assert perturbation(text, lang=lang, severity=0, rng=Stream(key)) == text
    if alone != text:
        assert perturbation(text, lang=lang, severity=1, rng=Stream(key)) != text


@pytest.mark.parametrize("perturbation", [Ocr(), Homoglyph()], ids=["ocr", "homoglyph"])
def test_the_severity_is_the_share_of_edited_words(perturbation: RuleBased) -> None:
    noisy = perturbation.apply_batch(["boo coo"] * 4_000, langs=["en"] * 4_000, severity=0.3, keys=KEYS)
    edited = sum((first != "boo") + (second != "coo") for first, second in map(str.split, noisy))
    assert abs(edited / 8_000 - 0.3) < 0.025  # 5 standard errors


def test_places_and_entries_have_equal_chances() -> None:
    table = Substitutions.of({"a": ["x", "yy"], "bc": ["z"]})
    block = Block.join(["abc.!"] * 4_000)
    found = Counter(replace_one(block, table, "en", 1.0, key_array(KEYS)).texts())
    assert set(found) == {"xbc.!", "yybc.!", "az.!"}
    assert abs(found["az.!"] / 4_000 - 1 / 2) < 0.04
    assert abs(found["xbc.!"] / 4_000 - 1 / 4) < 0.035


def test_pairs_do_not_reach_over_the_end_of_a_word() -> None:
    table = Substitutions.of({"bc": ["z"], "b\n": ["!"]})
    clean = ["b c", "b", "ab", "c"]
    assert replace_one(Block.join(clean), table, "en", 1.0, key_array(KEYS[:4])).texts() == clean


def test_a_word_is_respelled_in_one_way_throughout() -> None:
    table = Substitutions.of({"ä": ["ae", "a"]})
    found = Counter(replace_all(Block.join(["ää 😀ä"] * 4_000), table, "de", 1.0, key_array(KEYS)).texts())
    assert set(found) == {"aeae 😀ae", "aeae 😀a", "aa 😀ae", "aa 😀a"}


@pytest.mark.parametrize("table", [{"abc": ["x"]}, {"a": []}, {"a": ["a"]}, {"😀": ["x"]}])
def test_a_table_that_cannot_work_is_refused(table: dict[str, list[str]]) -> None:
    with pytest.raises(DataError, match="expected a key"):
        Substitutions.of(table)


@pytest.mark.parametrize("kind", ["ocr", "homoglyph", "diacritics"])
def test_every_data_file_names_language_source_and_licence(kind: str, root: Path) -> None:
    for lang in sorted(covered(kind)):
        raw = json.loads((root / "perturbations" / "data" / kind / f"{lang}.json").read_text(encoding="utf-8"))
        assert raw["language"] == lang
        assert raw["source"]
        assert raw["licence"]
    assert covered(kind) == frozenset(LANGUAGES) - ({"en", "zh"} if kind == "diacritics" else set())
