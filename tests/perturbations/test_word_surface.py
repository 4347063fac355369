"""Punctuation, spaces, function words, transcripts and the parts of the typing errors, worked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from robustir.errors import SpecError
from robustir.kit.check import check
from robustir.perturbations.asr import ASR
from robustir.perturbations.punctuation import Punctuation
from robustir.perturbations.spacing import Spacing
from robustir.perturbations.stopwords import Stopwords
from robustir.perturbations.typing_parts import Delete, Insert, Keyboard, Transpose
from robustir.perturbations.typos import Typos
from robustir.seeds import Stream, derive_key

KEY = derive_key("surface")

CASES: list[tuple[Any, str, str, str]] = [
    (Punctuation("drop"), "en", "Who, when?", "Who when"),
    (Punctuation("drop"), "en", "?!", "?!"),
    (Punctuation("double"), "ar", "متى بني؟", "متى بني؟؟"),
    (Punctuation("wrong"), "es", "¿", "¡"),
    (Punctuation("drop"), "en", "isn't it", "isn't it"),
    (Spacing("merge"), "en", "the old, bridge  here", "theold, bridgehere"),
    (Spacing("split"), "en", "ab c", "a b c"),
    (Spacing("split"), "th", "เก", "เก"),
    (Stopwords(), "en", "Where is the old bridge?", "old bridge?"),
    (Stopwords(), "en", "to be or not to be", "be"),
    (Stopwords(), "zh", "谁的桥", "桥"),
    (Stopwords(), "ru", "Где находится мост", "находится мост"),
    (ASR(), "en", "Zzz-Zzz, Zzz?", "zzz zzz zzz"),
    (ASR(), "es", "¿Él?", "el"),
    (ASR(), "en", "'zzz'", "zzz"),
]


@pytest.mark.parametrize(("made", "lang", "clean", "expected"), CASES)
def test_at_severity_1(made: Any, lang: str, clean: str, expected: str) -> None:
    assert made(clean, lang=lang, severity=1, rng=Stream(KEY)) == expected


@pytest.mark.parametrize("made", [Keyboard(), Insert(), Delete(), Transpose()])
def test_a_part_of_the_typing_errors_has_its_own_name_and_the_same_rules(made: Typos) -> None:
    part = made.name
    for lang in ("en", "th"):
        for text in ("Which old bridge wasn't safe", "สะพานเก่า"):
            alone = made(text, lang=lang, severity=0.7, rng=Stream(KEY))
            assert alone == Typos(part)(text, lang=lang, severity=0.7, rng=Stream(KEY))


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
        *("asr", "casing", "delete", "insert", "keyboard"),
        *("phonetic", "punctuation", "spacing", "stopwords", "transpose"),
    ],
)
def test_conformance(spec: str) -> None:
    assert [law.detail for law in check("perturbation", spec) if not law.passed] == []
