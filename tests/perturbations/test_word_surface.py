"""Punctuation, spaces, function words, transcripts and the parts of the typing errors, worked by hand."""

from __future__ import annotations

from typing import Any

import pytest
import regex

from robustir.errors import SpecError
from robustir.kit.check import check
from robustir.perturbations.punctuation import Punctuation
from robustir.perturbations.spacing import Spacing
from robustir.perturbations.stopwords import Stopwords
from robustir.perturbations.typing_parts import Delete, Insert, Keyboard, Transpose
from robustir.perturbations.typos import Typos
from robustir.seeds import Stream, derive_key
from robustir.text.distance import realised_dose

KEY = derive_key("surface")

CASES: list[tuple[Any, str, str, str]] = [
    (Punctuation("drop"), "en", "Who, when?", "Who when"),
    (Punctuation("drop"), "en", "?!", "?!"),
    (Punctuation("drop"), "en", "3.5 million at 192.168.1.1, of U.S. units", "3.5 million at 192.168.1.1 of U.S units"),
    (Punctuation("drop"), "en", "no - really?", "no really"),
    (Punctuation("drop"), "zh", "桥,3.5米。", "桥3.5米"),
    (Punctuation("double"), "en", '"when?"', '"when??"'),
    (Punctuation("insert"), "th", "กรุงเทพฯ", "กรุงเทพฯ"),
    (Punctuation("double"), "ar", "متى بني؟", "متى بني؟؟"),
    (Punctuation("wrong"), "es", "¿Qué? ¡Sí!", "¿Qué? ¡Sí!"),  # no impossible pair
    (Punctuation("wrong"), "en", "when?", "when."),  # no comma at the end
    (Punctuation("wrong"), "hi", "नाम।", "नाम."),
    (Punctuation("double"), "es", "¿Qué?", "¿Qué??"),
    (
        Punctuation("insert"),
        "en",
        "the type of plant and the tree that fell",
        "the type of plant, and the tree, that fell",
    ),
    (Punctuation("insert"), "zh", "大桥和小树", "大桥，和小树"),
    (Punctuation("drop"), "en", "isn't it", "isn't it"),
    (Spacing("merge"), "en", "the old, bridge  here", "theold, bridgehere"),
    (Spacing("split"), "en", "aboc d", "ab oc d"),
    (Spacing("split"), "en", "the cat NASA XXXIII thrice", "the cat NASA XXXIII thri ce"),  # no single letters
    (Spacing("split"), "vi", "thành ưu", "thành ưu"),
    (Spacing("split"), "ar", "من وطب", "من وطب"),
    (Spacing("split"), "ar", "وطبي", "وط بي"),
    (Spacing("split"), "zh", "什么桥", "什么 桥"),  # between words
    (Spacing("split"), "hi", "का नदी पहला", "का नदी पहला"),
    (Spacing("split"), "th", "เก", "เก"),
    (Spacing("split"), "th", "สะพานเก่า", "สะพาน เก่า"),
    (Spacing("split"), "en", "1998 b", "1998 b"),
    (Spacing("merge"), "en", "in 1998 2000 left", "in1998 2000left"),
    (Stopwords(), "en", "Where is the old bridge?", "old bridge?"),
    (Stopwords(), "en", "to be or to be", "be"),
    (Stopwords(), "en", "the bill may not require it", "bill not require"),
    (Stopwords(), "en", "What does Doctor Who say about the US?", "Doctor Who say US?"),
    (Stopwords(), "en", "is the Bank of America in it", "Bank of America"),
    (Stopwords(), "en", "What is it made of?", "made?"),
    (Stopwords(), "en", "an on-site visit (of the team), of course", "on-site visit (team), course"),
    (Stopwords(), "es", "¿Qué pintó Juan de la Cruz?", "¿pintó Juan de la Cruz?"),
    (Stopwords(), "de", "Was ist nicht in Bayern?", "nicht Bayern?"),
    (Stopwords(), "th", "ง่าย ๆ ของเมือง", "ง่าย ๆ เมือง"),
    (Stopwords(), "vi", "Không gian của con người là gì?", "Không gian con người?"),
    (Stopwords(), "vi", "nước Anh có bao nhiêu người", "nước Anh người"),
    (Stopwords(), "zh", "谁的桥", "桥"),
    (Stopwords(), "zh", "3个或3个桥", "3个3个桥"),  # not 33
    (Stopwords(), "th", "อนุญาตให้ Sky", "อนุญาต Sky"),
    (Stopwords(), "ru", "Где находится мост", "находится мост"),
    (Stopwords(), "en", "How many bridges are old?", "bridges old?"),
    (Stopwords(), "en", "How old is it, how is it?", "How old,?"),
    (Stopwords(), "tr", "Kloroplastidan ne anlama gelir?", "Kloroplastidan ne anlama gelir?"),
    (Stopwords(), "zh", "你多大？", "多大？"),
]


@pytest.mark.parametrize(("made", "lang", "clean", "expected"), CASES)
def test_at_severity_1(made: Any, lang: str, clean: str, expected: str) -> None:
    assert made(clean, lang=lang, severity=1, rng=Stream(KEY)) == expected


@pytest.mark.parametrize(
    ("lang", "clean", "whole", "kept"),
    [
        ("zh", "选举是什么时候举行", "什么时候", {"什么", "时候"}),
        ("zh", "属于哪一种类型", "哪一种", {"哪"}),
        ("tr", "seçimler ne zaman yapıldı", "ne zaman", {"ne", "zaman"}),
        ("tr", "bu ne tür müzik", "ne tür", {"ne", "tür"}),
        ("ar", "ما هي الوثيقة", "ما هي", {"ما", "هي"}),
        ("hi", "पहले डॉक्टर कौन से थे", "कौन से", {"कौन", "से"}),
        ("vi", "kêu gọi điều gì cho", "điều gì", {"điều", "gì"}),
        ("ru", "Что такое мост", "Что такое", {"такое"}),
    ],
)
def test_question_words_of_several_words_go_whole(lang: str, clean: str, whole: str, kept: set[str]) -> None:
    keys = [derive_key("whole", number) for number in range(200)]
    noisy = set(Stopwords().apply_batch([clean] * 200, langs=[lang] * 200, severity=0.5, keys=keys))
    assert {whole in each for each in noisy} == {True, False}
    assert all(
        whole in each or not any(part in each.split() or (lang == "zh" and part in each) for part in kept)
        for each in noisy
    )


@pytest.mark.parametrize("made", [Keyboard(), Insert(), Delete(), Transpose()])
def test_a_part_of_the_typing_errors_has_its_own_name_and_the_same_rules(made: Typos) -> None:
    part = made.name
    for lang in ("en", "th"):
        for text in ("Which old bridge wasn't safe", "สะพานเก่า"):
            alone = made(text, lang=lang, severity=0.7, rng=Stream(KEY))
            assert alone == Typos(part)(text, lang=lang, severity=0.7, rng=Stream(KEY))


def test_a_boundary_is_one_edit_in_every_language() -> None:
    clean = ["the old bridge here", "the old bridge here", "谁是梅尔菲伯爵", "ab c"]
    noisy = ["theold bridge he re", "the old bridge hear", "谁是 梅尔菲 伯爵", "abc d"]
    dose = realised_dose(clean, noisy, ["en", "en", "zh", "en"])
    assert dose.word_edit_rate.tolist() == [2 / 4, 1 / 4, 2 / 7, 2 / 2]


def test_marks_come_where_none_belongs_as_rarely_as_people_write_them() -> None:
    text = "old bridges fell because people came and saw, later?"  # two words before which a comma can come
    keys = [derive_key("marks", number) for number in range(4_000)]
    noisy = Punctuation().apply_batch([text] * 4_000, langs=["en"] * 4_000, severity=1, keys=keys)
    too_many = sum(len(regex.findall(r", (?:because|and)", each)) for each in noisy) / 4_000
    assert abs(too_many - 2 * 0.038) < 5 * (2 * 0.038 / 4_000) ** 0.5
    assert not any(regex.search(r"(?<!fell|came|saw|later|\p{P})\p{P}", each) for each in noisy)
    left_out = sum("saw later" in each for each in noisy) / 4_000
    assert 0.7 < left_out < 0.85


def test_what_opens_and_closes_is_never_broken_the_wrong_way() -> None:
    text = '¿Quién dijo "no", (o «sí»)?'
    keys = [derive_key("pairs", number) for number in range(2_000)]
    for severity in (0.2, 0.7):
        noisy = Punctuation().apply_batch([text] * 2_000, langs=["es"] * 2_000, severity=severity, keys=keys)
        assert {each.count('"') for each in noisy} == {0, 2}
        assert all(("(" in each, "«" in each) == (")" in each, "»" in each) for each in noisy)
        ends = {("¿" in each, "?" in each) for each in noisy}
        assert ends == {(True, True), (False, True), (False, False)}  # the opening one is left out alone, or both


@pytest.mark.parametrize("kind", [Punctuation, Spacing])
def test_unknown_parts_are_refused(kind: Any) -> None:
    with pytest.raises(SpecError, match=r"give one or more of .*, each once"):
        kind("x")
    with pytest.raises(SpecError, match="give one or more of"):
        kind(())


@pytest.mark.slow
@pytest.mark.parametrize(
    "spec",
    [
        *("asr", "casing", "chat", "delete", "insert", "keyboard"),
        *("phonetic", "punctuation", "spacing", "stopwords", "transpose"),
    ],
)
def test_conformance(spec: str) -> None:
    assert [law.detail for law in check("perturbation", spec) if not law.passed] == []
