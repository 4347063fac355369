"""Layouts: real neighbours, symmetric, every letter of the language reachable, nothing invented."""

from __future__ import annotations

import json
from pathlib import Path
from unicodedata import normalize

import pytest
import regex

from robustir.errors import NotApplicableError
from robustir.languages import LANGUAGES
from robustir.perturbations.typing.key_table import ALONE, INSERT, PAIR, STACK, key_table, mistakes
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
    alone, pair, stack, inserted, _ = mistakes(lang)
    for cluster in clusters(SENTENCES[lang]):
        if regex.match(r"\p{L}", cluster):
            context = {1: alone, 2: pair}.get(len(cluster), stack)
            assert any(context.get(code) for code in cluster) or cluster in "么ё", cluster
            assert lang in ("th", "zh") or inserted.get(cluster[0]), cluster


@pytest.mark.parametrize("lang", LANGUAGES)
def test_mistakes_differ_and_leave_no_mark_alone(lang: str) -> None:
    alone, pair, stack, inserted, again = mistakes(lang)
    for letter, found in [*alone.items(), *inserted.items()]:
        assert letter not in found
        assert all(regex.fullmatch(r"\p{L}+", other) and len(clusters(other)) == len(other) for other in found), letter
    for table in (pair, stack):
        for code, found in table.items():
            assert code not in found
            for other in found:
                same = regex.fullmatch(r"\p{M}", code) and regex.fullmatch(r"\p{M}", other)
                assert same or regex.fullmatch(r"\p{L}", code + other) or (code + other).isalpha()
    assert all(
        normalize("NFD", letter)[0] in (base, normalize("NFD", base)[0]) or letter in "đĐ"
        for letter, base in again.items()
    )


def test_capitals_follow_the_language() -> None:
    turkish = mistakes("tr")[ALONE]
    assert turkish["I"] == ["U", "O", "J", "K"]
    assert turkish["İ"] == ["Ğ", "Ü", "Ş"]
    assert set(mistakes("el")[ALONE]["Σ"]) == set("ΕΑΔΖΧ")
    assert set(mistakes("ru")[ALONE]["Й"]) == set("ЦФ")


def test_accents_are_dead_keys() -> None:
    spanish = mistakes("es")
    assert spanish[ALONE]["ó"] == ["o", "í"]
    assert spanish[INSERT]["ó"] == ["i", "p", "k", "l"]
    assert spanish[4]["ó"] == "o"
    assert mistakes("el")[ALONE]["ά"] == ["α"]


def test_telex_keys() -> None:
    vietnamese = mistakes("vi")[ALONE]
    assert vietnamese["à"] == ["a", "af", "ả"]
    assert vietnamese["ệ"] == ["ê", "êj", "ẹ", "eej"]
    assert vietnamese["đ"] == ["d", "dd"]
    assert vietnamese["Đ"] == ["D", "Dd"]
    assert vietnamese["ử"][:2] == ["ư", "ưr"]
    assert set(vietnamese["h"]) == set("yugjbn")


def test_homophones_share_their_syllable() -> None:
    chinese = mistakes("zh")[ALONE]
    assert chinese["的"] == ["地", "得", "德"]
    assert chinese["在"][0] == "再"
    assert {"作", "坐"} <= set(chinese["做"])
    assert chinese["谁"] == ["水", "睡", "税"]
    assert all(len(found) <= 9 for found in chinese.values())
    syllables = read_data("pinyin.json")["syllables"]
    assert len("".join(syllables.values())) == len(set("".join(syllables.values()))) == 3755


def test_inside_clusters_only_the_same_class() -> None:
    hindi, thai = mistakes("hi"), mistakes("th")
    assert set(hindi[PAIR]["क"]) == set("गदरतसख")
    assert set(hindi[STACK]["्"]) <= set("ािीुूेैोौ")
    assert set(thai[STACK]["่"]) <= set("้๊๋์")
    assert "้" in thai[PAIR]["ั"]
    assert "้" not in thai[STACK]["ั"]
    assert not mistakes("en")[PAIR]


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
    known = mistakes("zh")[ALONE]
    assert sum(character in known for character in characters) / len(characters) > 0.95
