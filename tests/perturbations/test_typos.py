"""The laws of typing errors, and cases worked by hand."""

from __future__ import annotations

import dataclasses
import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from robustir.errors import NotApplicableError, SpecError
from robustir.languages import has_spaces
from robustir.perturbations.typing.edits import Edits, apply
from robustir.perturbations.typing.key_table import key_table, mistakes
from robustir.perturbations.typing.typing_errors import OPERATIONS, Typist
from robustir.perturbations.typos import Typos
from robustir.plugins.registry import canonical, create
from robustir.seeds import Stream, derive_key, key_array
from robustir.text.blocks import Block
from robustir.text.clusters import clusters
from robustir.text.words import words
from tests.strategies import LANGUAGES, NASTY, SENTENCES, keys, languages, severities, texts

parts = st.lists(st.sampled_from(OPERATIONS), min_size=1, unique=True)
batches = st.lists(st.tuples(texts, languages, keys), max_size=6)


def edits_of(
    many: Sequence[str], lang: str, severity: float, many_keys: Sequence[bytes], of: Sequence[str] = OPERATIONS
) -> tuple[Edits, Typist, Block]:
    block = Block.join(many)
    typist = Typist(block, key_table(lang), key_array(many_keys), of)
    return (typist.by_words if has_spaces(lang) else typist.by_clusters)(severity), typist, block


def one(text: str, lang: str, key: bytes, severity: float = 1.0, of: Sequence[str] = OPERATIONS) -> str:
    return Typos(of)(text, lang=lang, severity=severity, rng=Stream(key))


def marks_alone(text: str) -> int:
    return sum(regex.match(r"\p{M}", cluster) is not None for cluster in clusters(text))


def surrogates(text: str) -> int:
    return len(regex.findall(r"\p{Cs}", text))


@given(batches, parts)
@settings(max_examples=30, deadline=None)
def test_severity_0_is_the_identity(batch: list[tuple[str, str, bytes]], of: list[str]) -> None:
    many, langs, many_keys = zip(*batch, strict=True) if batch else ((), (), ())
    assert Typos(of).apply_batch(many, langs=langs, severity=0, keys=many_keys) == list(many)


@given(batches, parts, severities, st.randoms())
@settings(max_examples=60, deadline=None)
def test_a_batch_equals_its_texts_one_by_one_in_any_order(
    batch: list[tuple[str, str, bytes]], of: list[str], severity: float, order: object
) -> None:
    many, langs, many_keys = zip(*batch, strict=True) if batch else ((), (), ())
    typos = Typos(of)
    together = typos.apply_batch(many, langs=langs, severity=severity, keys=many_keys)
    assert together == [typos(text, lang=lang, severity=severity, rng=Stream(key)) for text, lang, key in batch]
    turned = typos.apply_batch(many[::-1], langs=langs[::-1], severity=severity, keys=many_keys[::-1])
    assert turned == together[::-1]


@given(texts, languages, keys, severities, parts)
@settings(max_examples=150, deadline=None)
def test_texts_stay_texts(text: str, lang: str, key: bytes, severity: float, of: list[str]) -> None:
    noisy = one(text, lang, key, severity, of)
    assert bool(noisy) == bool(text)
    assert bool(noisy.strip()) == bool(text.strip())
    assert marks_alone(noisy) <= marks_alone(text)
    assert surrogates(noisy) == surrogates(text)


@given(texts, languages, keys, severities)
@settings(max_examples=100, deadline=None)
def test_clusters_stay_whole(text: str, lang: str, key: bytes, severity: float) -> None:
    before = Counter(clusters(text))
    assert Counter(clusters(one(text, lang, key, severity, ["transpose"]))) == before
    assert not Counter(clusters(one(text, lang, key, severity, ["delete"]))) - before
    assert not before - Counter(clusters(one(text, lang, key, severity, ["insert"])))


@given(texts, languages, keys, severities, severities, parts)
@settings(max_examples=100, deadline=None)
def test_severities_nest(text: str, lang: str, key: bytes, one_severity: float, other: float, of: list[str]) -> None:
    """What is edited at the lower severity is edited by the same edit at the higher one."""
    low, high = sorted((one_severity, other))

    def listed(severity: float) -> list[tuple[object, ...]]:
        edits, _, _ = edits_of([text], lang, severity, [key], of)
        pieces = zip(edits.entry_start.tolist(), edits.entry_length.tolist(), strict=True)
        coming = [tuple(edits.codes[start : start + length].tolist()) for start, length in pieces]
        return list(zip(edits.action.tolist(), edits.cluster.tolist(), edits.at.tolist(), coming, strict=True))

    assert set(listed(low)) <= set(listed(high))


@given(texts, languages, keys, parts)
@settings(max_examples=100, deadline=None)
def test_every_edit_changes_the_text(text: str, lang: str, key: bytes, of: list[str]) -> None:
    edits, typist, block = edits_of([text], lang, 1.0, [key], of)
    assert len(set(edits.cluster.tolist())) == len(edits)
    for number in range(len(edits)):
        rows = slice(number, number + 1)
        columns = {
            field.name: getattr(edits, field.name)[rows] for field in dataclasses.fields(Edits) if field.name != "codes"
        }
        alone = Edits(**columns, codes=edits.codes)
        assert apply(alone, block, typist.clusters).texts() != [text]


@pytest.mark.parametrize("lang", [lang for lang in LANGUAGES if has_spaces(lang)])
def test_an_edited_word_is_the_same_at_every_higher_severity(lang: str) -> None:
    clean = words(SENTENCES[lang], lang)
    for number in range(25):
        key = derive_key("nest", number)
        levels = [words(one(SENTENCES[lang], lang, key, severity), lang) for severity in (0.0, 0.1, 0.3, 0.5, 1.0)]
        assert {len(level) for level in levels} == {len(clean)}
        for place, word in enumerate(clean):
            forms = [level[place] for level in levels]
            first = next((form for form in forms if form != word), word)
            changed = [form != word for form in forms]
            assert changed == sorted(changed)
            assert all(form in (word, first) for form in forms)
            assert changed[-1] == (len(regex.findall(r"\p{L}", word)) > 1 and len(clusters(word)) > 1)


def natural(lang: str, root: Path) -> list[str]:
    path = root / "benchmarks" / "mini" / f"{lang}.jsonl"
    if not path.is_file():
        return [SENTENCES[lang]] * 60
    return [json.loads(line)["question"] for line in path.read_text(encoding="utf-8").splitlines()]


def eligible_units(text: str, lang: str) -> int:
    """Count by the definition: words of two letters or more, or letters where no spaces stand between words."""
    if has_spaces(lang):
        return sum(
            sum(regex.match(r"\p{L}", part) is not None for part in clusters(word)) > 1 for word in words(text, lang)
        )
    return sum(regex.match(r"\p{L}", part) is not None for part in clusters(text))


@pytest.mark.parametrize(
    ("lang", "severity"), [*((lang, 0.3) for lang in LANGUAGES), ("en", 0.1), ("en", 0.7), ("th", 0.7), ("zh", 0.1)]
)
def test_severity_is_the_expected_share_of_edited_units(lang: str, severity: float, root: Path) -> None:
    """Within 4.5 standard errors of a binomial share, over 20 draws."""
    questions = natural(lang, root)
    many_keys = [derive_key("share", lang, number) for number in range(20 * len(questions))]
    eligible = 20 * sum(eligible_units(text, lang) for text in questions)
    edited = len(edits_of(questions * 20, lang, severity, many_keys)[0])
    assert eligible > 5000
    assert abs(edited / eligible - severity) < 4.5 * math.sqrt(severity * (1 - severity) / eligible)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_all_parts_occur_about_equally_often(lang: str) -> None:
    many = [SENTENCES[lang]] * 400
    edits, _, _ = edits_of(many, lang, 0.5, [derive_key("parts", number) for number in range(400)])
    counts = Counter({1: "insert", 2: "insert"}.get(action, str(action)) for action in edits.action.tolist())
    assert len(counts) == 4
    # Where no space breaks the text, neighbours that both want to go or to move give way to the other two.
    assert min(counts.values()) / len(edits) > (0.2 if has_spaces(lang) else 0.14)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_wrong_key_comes_from_the_table(lang: str) -> None:
    alone, pair, stack, _, _ = mistakes(lang)
    wrong = 0
    for number in range(60):
        edits, typist, block = edits_of([SENTENCES[lang]], lang, 0.5, [derive_key("wrong", number)], ["keyboard"])
        for cluster, at, start, length in zip(
            edits.cluster, edits.at, edits.entry_start, edits.entry_length, strict=True
        ):
            size = typist.clusters.start[cluster + 1] - typist.clusters.start[cluster]
            table = {1: alone, 2: pair}.get(int(size), stack)
            assert "".join(map(chr, edits.codes[start : start + length])) in table[chr(block.codes[at])]
            wrong += 1
    assert wrong > 40


def outcomes(text: str, lang: str, of: Sequence[str]) -> set[str]:
    typos = Typos(of)
    many_keys = [derive_key("all", number) for number in range(1500)]
    return set(typos.apply_batch([text] * 1500, langs=[lang] * 1500, severity=1, keys=many_keys))


@pytest.mark.parametrize(
    ("text", "lang", "part", "expected"),
    [
        ("at", "en", "keyboard", {"qt", "wt", "st", "zt", "ar", "ay", "af", "ag"}),
        ("At", "en", "keyboard", {"Qt", "Wt", "St", "Zt", "Ar", "Ay", "Af", "Ag"}),
        ("abc", "en", "delete", {"bc", "ac", "ab"}),
        ("abc", "en", "transpose", {"bac", "acb"}),
        ("oops", "en", "transpose", {"opos", "oosp"}),
        (
            "al",
            "en",
            "insert",
            {
                "aal",
                "all",
                "qal",
                "aql",
                "wal",
                "awl",
                "sal",
                "asl",
                "zal",
                "azl",
                "aol",
                "alo",
                "apl",
                "alp",
                "akl",
                "alk",
            },
        ),
        ("ıi", "tr", "keyboard", {"ui", "oi", "ji", "ki", "ığ", "ıü", "ış"}),
        ("να", "el", "keyboard", {"βα", "μα", "ηα", "ξα", "νς", "νσ", "νζ"}),
        ("нё", "ru", "keyboard", {"её", "гё", "пё", "рё"}),
        ("رد", "ar", "keyboard", {"بد", "لد", "ؤد", "لاد", "رج", "رط"}),
        ("कि", "hi", "transpose", {"कि"}),  # one cluster: not eligible
        ("किस", "hi", "delete", {"कि", "स"}),
        ("किस", "hi", "transpose", {"सकि"}),
        (
            "किस",
            "hi",
            "keyboard",
            {c + "िस" for c in "गदरतसख"} | {"क" + m + "स" for m in "ीूु"} | {"कि" + c for c in "लरकश"},
        ),
        ("đi", "vi", "keyboard", {"di", "ddi", "đu", "đo", "đj", "đk"}),
        ("là", "vi", "keyboard", {"la", "laf", "lả", "oà", "pà", "kà"}),
        ("的", "zh", "keyboard", {"地", "得", "德"}),
        ("的", "zh", "delete", {"的"}),  # nothing would be left
        ("的", "zh", "insert", {"的的", "的地", "的得", "的德", "地的", "得的", "德的"}),
        ("是的", "zh", "delete", {"是"}),
        ("是的", "zh", "transpose", {"的是"}),
        ("ที่นี่", "th", "transpose", {"นี่ที่"}),
        ("กา", "th", "delete", {"ก"}),
        ("3d 42 a", "en", "keyboard", {"3d 42 a"}),
        ("don't", "en", "transpose", {"odn't", "dno't"}),
    ],
)
def test_all_outcomes_by_hand(text: str, lang: str, part: str, expected: set[str]) -> None:
    assert outcomes(text, lang, [part]) == expected


def test_what_is_impossible_gives_way() -> None:
    assert outcomes("aaa", "en", ["transpose", "delete"]) == {"aa"}
    assert outcomes("жё", "en", ["keyboard", "delete"]) == {"ж", "ё"}  # English keys, no Cyrillic letters
    assert outcomes("aaa", "en", ["transpose"]) == {"aaa"}


def test_neighbours_in_a_text_without_spaces_never_vanish_together() -> None:
    for text in outcomes("一二三四五六", "zh", ["delete"]):
        assert text[0] == "一"
        assert len(text) >= 3
    for text in outcomes("一二三四五六", "zh", ["transpose"]):
        assert Counter(text) == Counter("一二三四五六")
        assert all(abs("一二三四五六".index(char) - place) <= 1 for place, char in enumerate(text))


def test_latin_words_in_other_scripts_use_the_latin_layer() -> None:
    assert "Nikr" in {word for text in outcomes("Кто Nike", "ru", ["keyboard"]) for word in text.split()}
    assert {text[:2] for text in outcomes("TV在", "zh", ["keyboard"])} == {t + v for t in "RYFG" for v in "CBFG"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_long_texts_survive(lang: str) -> None:
    text = (SENTENCES[lang] + " ") * (100_000 // (len(SENTENCES[lang]) + 1) + 1)
    noisy = one(text, lang, derive_key("long"), 0.3)
    assert 0.9 < len(noisy) / len(text) < 1.1
    assert noisy != text
    unbroken = "".join(words(SENTENCES[lang], lang)) * 2000
    assert one(unbroken, lang, derive_key("long")) != unbroken


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_emoji_and_directions_survive(text: str, lang: str) -> None:
    noisy = one(text, lang, derive_key("nasty", text))
    keep = regex.compile(
        r"[\p{Extended_Pictographic}--\p{N}\p{Regional_Indicator}\u200e\u200f\r\n\p{P}]|[^\p{L}\p{M}\p{N}\p{Cf}]",
        regex.V1,
    )
    assert keep.findall(noisy) == keep.findall(text)


def test_wrong_languages_and_arguments() -> None:
    typos = Typos()
    with pytest.raises(NotApplicableError, match=r"typos does not know fr, ja; it works in: ar, de, el"):
        typos.apply_batch(["a", "b", "c"], langs=["ja", "en", "fr"], severity=0.1, keys=[derive_key("x")] * 3)
    for severity in (-0.1, 1.1, math.nan):
        with pytest.raises(SpecError, match="from 0 to 1"):
            typos("a", lang="en", severity=severity, rng=Stream(derive_key("x")))
    with pytest.raises(SpecError, match="2 texts, 1 languages and 2 keys"):
        typos.apply_batch(["a", "b"], langs=["en"], severity=0.1, keys=[derive_key("x")] * 2)
    for wrong in (("swap",), (), ("insert", "insert")):
        with pytest.raises(SpecError, match="keyboard, insert, delete, transpose"):
            Typos(wrong)


def test_parts_in_specs() -> None:
    assert create("perturbation", "typos").parts == OPERATIONS
    assert create("perturbation", "typos(parts='delete')").parts == ("delete",)
    assert create("perturbation", "typos(parts=('insert', 'keyboard'))").parts == ("keyboard", "insert")
    assert canonical("perturbation", "typos(parts=('keyboard', 'insert', 'delete', 'transpose'))") == "typos"
