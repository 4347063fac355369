"""Layouts: real neighbours, symmetric, every letter of the language reachable, nothing invented."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from unicodedata import normalize

import pytest
import regex
from rapidfuzz.distance import OSA

from robustir.errors import NotApplicableError
from robustir.languages import LANGUAGES
from robustir.perturbations.typing.key_table import BESIDE, FAR, NEAR, key_table, mistakes
from robustir.perturbations.typing.keyboards import layout, read_data
from robustir.text.clusters import clusters
from tests.strategies import SENTENCES

# Read off pictures of the keyboards: a key and the keys that touch it, on the same level, letters only.
AROUND = {
    "en": {"s": "w e a d z x", "p": "o l", "g": "t y f h v b", "a": "q w s z"},
    "de": {"z": "t u g h", "y": "a s x", "ö": "p ü l ä", "ß": "p ü"},
    "es": {"ñ": "p l", "l": "o p k ñ"},
    "tr": {"ı": "u o j k", "i": "ğ ü ş", "ş": "p ğ l i ç"},
    "el": {"θ": "υ ι η ξ", "σ": "ς ε α δ ζ χ"},
    "ru": {"п": "е н а р м и", "ж": "з х д э ю"},
    "ar": {"ل": "ف غ ب ا ر لا", "ك": "ح ج م ط ز ظ"},
    "hi": {"क": "ग द र त स", "ि": "ी ू ् ु म न"},
    "th": {"ก": "ำ พ ห ด ป แ", "่": "ี ร ้ า ื ท"},
    "vi": {"s": "w e a d z x"},
    "zh": {"s": "w e a d z x"},
}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_neighbours_are_symmetric(lang: str) -> None:
    near = layout(lang).neighbours
    assert all(key in near[other] for key, others in near.items() for other in others)
    assert all(key not in others and len(set(others)) == len(others) for key, others in near.items())
    assert all(1 <= len(others) <= 7 for others in near.values())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_neighbours_lie_around_the_key(lang: str) -> None:
    near = layout(lang).neighbours
    for key, around in AROUND[lang].items():
        assert sorted(near[key]) == sorted(around.split()), key


def test_the_other_level_of_a_key() -> None:
    assert layout("hi").other_level["क"] == "ख"
    assert layout("th").other_level["ด"] == "โ"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_file_names_its_source(lang: str) -> None:
    assert len(layout(lang).source) > 20
    assert layout(lang).name


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_letters_of_a_sentence_have_mistakes(lang: str) -> None:
    near, far, beside, _ = mistakes(lang)
    known = layout(lang).classes
    for letter in SENTENCES[lang] if known else clusters(SENTENCES[lang]):
        if regex.match(r"\p{L}", letter) and len(letter) == 1 and letter not in "么ё" and lang != "vi":
            assert near.get(letter) or known, letter
            assert beside.get(letter) or known, letter
            assert far.get(letter) or normalize("NFD", letter) != letter or lang in ("zh", "tr", "ar", "th"), letter


@pytest.mark.parametrize("lang", LANGUAGES)
def test_mistakes_differ_and_stay_in_their_class(lang: str) -> None:
    near, far, beside, again = mistakes(lang)
    for letter, found in [*near.items(), *far.items(), *beside.items()]:
        assert letter not in found
        if letter in "".join(layout(lang).classes.values()):
            members = next(group for group in layout(lang).classes.values() if letter in group)
            assert set(found) <= set(members)
        else:
            assert all(regex.fullmatch(r"\p{L}+", other) and len(clusters(other)) == len(other) for other in found)
    assert all(not set(near.get(letter, ())) & set(found) for letter, found in far.items() if lang != "zh")
    assert all(
        normalize("NFD", letter)[0] in (base, normalize("NFD", base)[0]) or letter in "đĐ"
        for letter, base in again.items()
    )


def test_capitals_follow_the_language() -> None:
    turkish = mistakes("tr")[NEAR]
    assert turkish["I"] == ["U", "O", "J", "K"]
    assert turkish["İ"] == ["Ğ", "Ü", "Ş"]
    assert set(mistakes("el")[NEAR]["Σ"]) == set("ΕΑΔΖΧ")
    assert set(mistakes("ru")[NEAR]["Й"]) == set("ЦФ")


def test_accents_are_dead_keys() -> None:
    spanish = mistakes("es")
    assert spanish[NEAR]["ó"] == ["o", "í"]
    assert spanish[BESIDE]["ó"] == ["i", "p", "k", "l"]
    assert spanish[3]["ó"] == "o"
    assert mistakes("el")[NEAR]["ά"] == ["α"]


def test_far_keys_are_vowels_for_vowels_and_known_confusions_in_russian() -> None:
    assert set(mistakes("en")[FAR]["a"]) == set("eiouy")
    assert not set(mistakes("en")[FAR]["t"]) & set("aeiouyrfgt")
    russian = mistakes("ru")[FAR]
    assert Counter(russian["о"]).most_common(1)[0][0] == "а"
    assert Counter(russian["е"]).most_common(1)[0][0] == "и"
    assert not set(mistakes("ru", "uniform")[FAR]["о"]) & set("рлгш")


def test_homophones_share_their_syllable() -> None:
    chinese = mistakes("zh")[NEAR]
    assert chinese["的"] == ["地", "得", "德"]
    assert chinese["在"][0] == "再"
    assert {"作", "坐"} <= set(chinese["做"])
    assert chinese["谁"] == ["水", "睡", "税"]
    assert all(len(found) <= 9 for found in chinese.values())
    syllables = read_data("pinyin.json")["syllables"]
    assert len("".join(syllables.values())) == len(set("".join(syllables.values()))) == 3755


def test_signs_have_keys_of_their_own() -> None:
    hindi, thai = mistakes("hi"), mistakes("th")
    assert set(hindi[NEAR]["क"]) == set("गदरतसख")
    assert set(hindi[NEAR]["ि"]) == set("ीूु")
    assert set(thai[NEAR]["่"]) <= set("้๊๋")
    assert "้" not in thai[NEAR]["ั"]


def test_a_wrong_key_of_pinyin_gives_another_syllable() -> None:
    syllables = read_data("pinyin.json")["syllables"]
    of = {character: syllable for syllable, characters in syllables.items() for character in characters}
    for character, others in list(mistakes("zh")[FAR].items())[::37]:
        if character in of:
            assert all(OSA.distance(of[character], of[other]) == 1 for other in others)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_arrays_hold_the_lists(lang: str) -> None:
    table = key_table(lang)
    *contexts, again = mistakes(lang)
    for number, context in enumerate(contexts):
        for letter, expected in list(context.items())[::7]:
            row = table.slot[ord(letter)]
            first, count = table.start[number, row], table.count[number, row]
            spans = zip(
                table.entry_start[first : first + count], table.entry_length[first : first + count], strict=True
            )
            found = ["".join(map(chr, table.codes[start : start + length])) for start, length in spans]
            assert found == expected
            assert chr(table.again[row]) == again.get(letter, letter)
    assert table.count[:, 0].sum() == 0


def test_a_language_without_a_keyboard_is_named() -> None:
    with pytest.raises(NotApplicableError, match=r"'fr'.*ar, de, el"):
        layout("fr")


@pytest.mark.data
def test_homophones_cover_chinese_questions(data: Path) -> None:

    raw = json.loads((data / "xquad-r" / "zh.json").read_text(encoding="utf-8"))
    questions = "".join(
        qa["question"] for article in raw["data"] for part in article["paragraphs"] for qa in part["qas"]
    )
    characters = regex.findall(r"\p{Han}", questions)
    known = mistakes("zh")[NEAR]
    assert sum(character in known for character in characters) / len(characters) > 0.95
