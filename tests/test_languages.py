"""One code for each language, and the facts about it."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustir.benchmarks.flores import Flores
from robustir.benchmarks.miracl import Miracl
from robustir.benchmarks.mlqa_r import MLQAR
from robustir.benchmarks.ntrex import Ntrex
from robustir.benchmarks.tatoeba import _CODES, Tatoeba
from robustir.benchmarks.wmt import Wmt
from robustir.languages import (
    LANGUAGES,
    Language,
    has_spaces,
    is_known,
    is_right_to_left,
    language,
    normalise,
    normalise_all,
    written_codes,
)
from robustir.reports.blocks import direction
from robustir.reports.formats import language_name
from robustir.types import Corpus, QuerySet
from tests.strategies import SENTENCES

_NAMES = {
    "Arab": "ARABIC",
    "Latn": "LATIN",
    "Grek": "GREEK",
    "Deva": "DEVANAGARI",
    "Cyrl": "CYRILLIC",
    "Thai": "THAI",
    "Hans": "CJK",
}
# After ISO 639, BCP 47 and what data sets are seen to write.
SPELLINGS = {
    "zh": "zho cmn chi zh-CN zh-Hans zh_Hans ZH zh-SG zho_Hans cmn-Hans Chinese 中文".split(),  # noqa: SIM905
    "zh-Hant": ["zh-Hant", "zh_TW", "zho-Hant", "zh-HK", "cmn_Hant"],
    "en": ["eng", "en-GB", "en_US", "eng-Latn", "EN", "English"],
    "de": ["deu", "ger", "de-AT", "de-1996", "German"],
    "ar": ["ara", "arb", "arb_Arab", "ar-EG"],
    "ar-Latn": ["arb_Latn", "ar-latn"],
    "ko": ["kor", "kor_Hang", "ko-KR"],
    "ja": ["jpn", "jpn_Jpan", "ja-Hrkt"],
    "ur": ["urd_Aran", "urd_Arab"],
    "fa": ["fas", "per", "pes", "pes_Arab"],
    "he": ["heb", "iw"],
    "id": ["ind", "in"],
    "ms": ["msa", "may", "zsm"],
    "sw": ["swa", "swh"],
    "et": ["est", "ekk"],
    "lv": ["lav", "lvs"],
    "sr": ["srp", "sr-Cyrl"],
    "sr-Latn": ["srp_Latn", "sr-Latn-RS", "sh"],
    "hi-Latn": ["hin_Latn"],
    "nb": ["nob"],
    "tl": ["tgl"],
    "pa-Arab": ["pa-PK", "pan_Arab"],
}


@pytest.mark.parametrize(("code", "spelled"), [(code, each) for code, many in SPELLINGS.items() for each in many])
def test_every_spelling_is_one_code(code: str, spelled: str) -> None:
    for text in (spelled, f" {spelled}\n"):
        assert normalise(text) == code
        assert is_known(text)


@pytest.mark.parametrize(
    "code",
    [
        "arz",
        "ary",
        "arq",
        "apc",
        "ars",
        "yue",
        "wuu",
        "nb",
        "nn",
        "no",
        "kzj",
        "dtp",
        "mhr",
        "prs",
        "gsw",
        "xx",
        "und",
        "klingonish",
        "en--x",
    ],
)
def test_dialects_have_a_code_of_their_own_and_the_unknown_stays(code: str) -> None:
    assert normalise(code) == code


@given(st.text(max_size=12) | st.from_regex("[a-zA-Z]{2,3}([-_][A-Za-z]{2,4}){0,2}", fullmatch=True))
def test_a_code_is_its_own_code(text: str) -> None:
    code = normalise(text)
    assert normalise(code) == code
    assert isinstance(language(text), Language)


def test_tatoeba_s_files_keep_their_languages() -> None:
    assert len(normalise_all(_CODES)) == len(_CODES) == 112
    assert sorted([*normalise_all(_CODES), "en"]) == sorted(Tatoeba.languages)


@pytest.mark.parametrize("kind", [Flores, Miracl, MLQAR, Ntrex, Tatoeba, Wmt])
def test_every_language_of_every_benchmark_is_in_the_table(kind: Any) -> None:
    for code in kind.languages:
        known = language(code)
        assert normalise(code) == code == known.code
        assert known.name != code
        assert known.script != "Zyyy"
        assert language_name(code) == known.name


def test_directions() -> None:
    assert {code for code in Tatoeba.languages if is_right_to_left(code)} == {
        "ar", "arq", "arz", "fa", "he", "ug", "ur", "yi",
    }  # fmt: skip
    assert [direction(code) for code in ("arz", "he-IL", "ar-Latn", "pa-Arab", "yi", "dv", "ckb", "th")] == [
        "rtl", "rtl", "ltr", "rtl", "rtl", "rtl", "rtl", "ltr",
    ]  # fmt: skip


def test_scripts_without_spaces() -> None:
    assert {code for code in Tatoeba.languages if not has_spaces(code)} == {"ja", "km", "th", "wuu", "yue", "zh"}
    assert [code for code in ("lo", "my", "zh-Hant", "ko", "bo", "vi") if not has_spaces(code)] == [
        "lo",
        "my",
        "zh-Hant",
    ]


def test_names_tell_the_script() -> None:
    assert language("zh-Hant").name == "Chinese (traditional)"
    assert language("srp_Latn").name == "Serbian (Latin letters)"
    assert language("arq").name == "Algerian Arabic"
    assert language("hyw").code == "hyw"


def test_query_sets_and_corpora_hold_one_code_and_what_was_written() -> None:
    queries = QuerySet.from_texts(["a", "b", "c"], lang=["zho", "zh-CN", "de"])
    assert queries.langs == ("zh", "zh", "de")
    assert queries.written == {"zh": ("zh-CN", "zho")}
    assert queries.with_texts(["x", "y", "z"]).written == queries.written
    assert queries == QuerySet.from_texts(["a", "b", "c"], lang=["zh", "zh", "de"])
    assert queries.digest() == QuerySet.from_texts(["a", "b", "c"], lang=["zh", "zh", "de"]).digest()
    corpus = Corpus(("1", "2"), ("a", "b"), ("arb_Latn", "en"))
    assert (corpus.langs, corpus.written) == (("ar-Latn", "en"), {"ar-Latn": ("arb_Latn",)})


def test_written_codes() -> None:
    assert written_codes(["zh", "cmn", "de", "ger", "en"]) == {"de": ("de", "ger"), "zh": ("cmn", "zh")}


def test_the_eleven_languages() -> None:
    assert LANGUAGES == ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
    assert [code for code in LANGUAGES if not has_spaces(code)] == ["th", "zh"]
    assert [code for code in LANGUAGES if is_right_to_left(code)] == ["ar"]
    assert language("el").name == "Greek"
    assert language("vi").native == "Tiếng Việt"


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_script_is_the_one_of_a_sentence(code: str) -> None:
    letters = [char for char in SENTENCES[code] if char.isalpha()]
    assert all(unicodedata.name(char).startswith(_NAMES[language(code).script]) for char in letters)


@pytest.mark.parametrize("code", Tatoeba.languages)
def test_the_direction_is_that_of_the_native_name(code: str) -> None:
    assert is_right_to_left(code) == (unicodedata.bidirectional(language(code).native[0]) in ("R", "AL"))


def test_an_unknown_language_has_defaults() -> None:
    assert language("xx").name == "xx"
    assert has_spaces("xx")
    assert not is_right_to_left("xx")
    assert not is_known("xx")
