"""The laws of typing errors, and cases worked by hand."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import root_scalar

from robustir.errors import NotApplicableError, SpecError
from robustir.languages import has_spaces
from robustir.perturbations.typing.edits import DELETE, REPLACE, TRANSPOSE, Edits, apply
from robustir.perturbations.typing.key_table import key_table, mistakes
from robustir.perturbations.typing.keyboards import layout
from robustir.perturbations.typing.rates import KINDS, OPERATIONS, rates
from robustir.perturbations.typing.telex import composed, keys_of
from robustir.perturbations.typing.typed_units import read
from robustir.perturbations.typing.typing_errors import Typist
from robustir.perturbations.typing.word_choice import chances
from robustir.perturbations.typos import Typos
from robustir.plugins.registry import canonical, create
from robustir.seeds import Stream, derive_key, key_array
from robustir.text.blocks import Block
from robustir.text.clusters import clusters
from robustir.text.words import words
from tests.strategies import LANGUAGES, NASTY, SENTENCES, keys, languages, severities, texts

VIETNAMESE = [
    "không",
    "đường",
    "quyết",
    "trường",
    "nghĩa",
    "Việt",
    "hoà",
    "thuỷ",
    "giữa",
    "uống",
    "yêu",
    "ở",
    "là",
    "Ưu",
]
parts = st.lists(st.sampled_from(OPERATIONS), min_size=1, unique=True)
batches = st.lists(st.tuples(texts, languages, keys), max_size=6)


def edits_of(
    many: Sequence[str],
    lang: str,
    severity: float,
    many_keys: Sequence[bytes],
    of: Sequence[str] = OPERATIONS,
    mix: str = "natural",
) -> tuple[Edits, Typist, Block]:
    block = Block.join(many)
    known = rates(lang, mix, tuple(operation for operation in OPERATIONS if operation in of))
    typist = Typist(read(block, lang, key_table(lang, mix)), key_table(lang, mix), known, key_array(many_keys))
    return typist.edits(severity), typist, block


def one(text: str, lang: str, key: bytes, severity: float = 1.0, of: Sequence[str] = OPERATIONS) -> str:
    return Typos(of)(text, lang=lang, severity=severity, rng=Stream(key))


# What Vietnamese types goes through Telex, and has no edits of its own.
arrays = st.sampled_from([lang for lang in LANGUAGES if lang != "vi"])


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


@given(texts, st.sampled_from([lang for lang in LANGUAGES if lang not in ("hi", "th", "vi")]), keys, severities)
@settings(max_examples=100, deadline=None)
def test_clusters_stay_whole_where_signs_have_no_keys(text: str, lang: str, key: bytes, severity: float) -> None:
    before = Counter(clusters(text))
    assert Counter(clusters(one(text, lang, key, severity, ["transpose"]))) == before
    assert not Counter(clusters(one(text, lang, key, severity, ["delete"]))) - before
    assert not before - Counter(clusters(one(text, lang, key, severity, ["insert"])))


@given(texts, arrays, keys, severities, severities, parts)
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


@given(texts, arrays, keys, parts)
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
        assert apply(alone, block, typist.units).texts() != [text]


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
            assert changed[-1] == (len(regex.findall(r"[\p{L}\p{M}]" if lang == "hi" else r"\p{L}", word)) > 1)


def natural(lang: str, root: Path) -> list[str]:
    path = root / "benchmarks" / "mini" / f"{lang}.jsonl"
    if not path.is_file():
        return [SENTENCES[lang]] * 60
    return [json.loads(line)["question"] for line in path.read_text(encoding="utf-8").splitlines()]


def eligible_words(text: str, lang: str) -> int:
    """Count by the definition: words of two letters or more, in Chinese of one; Hindi and Thai signs have keys of their own."""
    letter = r"[\p{L}\p{M}]" if lang in ("hi", "th") else r"\p{L}"
    least = 1 if lang == "zh" else 2
    return sum(
        sum(regex.match(letter, part) is not None for part in (word if lang in ("hi", "th") else clusters(word)))
        >= least
        for word in words(text, lang)
    )


@pytest.mark.parametrize(
    ("lang", "severity"), [*((lang, 0.3) for lang in LANGUAGES), ("en", 0.1), ("en", 0.7), ("th", 0.7), ("zh", 0.1)]
)
def test_severity_is_the_expected_share_of_wrong_words(lang: str, severity: float, root: Path) -> None:
    """Within 4.5 standard errors of a binomial share, over 20 draws."""
    questions = natural(lang, root)
    many_keys = [derive_key("share", lang, number) for number in range(20 * len(questions))]
    eligible = 20 * sum(eligible_words(text, lang) for text in questions)
    block = Block.join(questions * 20)
    typist = Typist(
        read(block, lang, key_table(lang)), key_table(lang), rates(lang, "natural", OPERATIONS), key_array(many_keys)
    )
    wrong = len(typist.chosen(severity))
    assert eligible > 2000
    assert abs(wrong / eligible - severity) < 4.5 * math.sqrt(severity * (1 - severity) / eligible)


@given(st.lists(st.lists(st.floats(0.05, 1), min_size=1, max_size=8), min_size=1, max_size=4), st.floats(0.001, 0.9))
@settings(deadline=None)
def test_the_mean_probability_of_every_text_is_the_severity(hazards: list[list[float]], severity: float) -> None:
    row = np.repeat(np.arange(len(hazards)), [len(text) for text in hazards])
    hazard = np.concatenate([np.array(text) for text in hazards])
    found = chances(row, hazard, severity)
    for number in range(len(hazards)):
        assert found[row == number].mean() == pytest.approx(severity, rel=2e-3)
    higher = chances(row, hazard, min(1.0, severity + 0.05))
    assert (higher >= found).all()
    odds = np.log1p(-found) / hazard  # the same for all words of a text: proportional hazards, checked by scipy's root
    for number, text in enumerate(hazards):
        theirs = root_scalar(
            lambda time, text=text: np.exp(-time * np.array(text)).mean() - 1 + severity, bracket=(0, 1e6)
        ).root
        assert odds[row == number] == pytest.approx(-theirs, rel=5e-3)


def test_long_words_are_wrong_more_often_as_naturally() -> None:
    text = "in the a word questions representation"
    many_keys = [derive_key("long", number) for number in range(4000)]
    noisy = Typos().apply_batch([text] * 4000, langs=["en"] * 4000, severity=0.05, keys=many_keys)
    wrong = np.array([[one != two for one, two in zip(made.split(), text.split(), strict=True)] for made in noisy])
    share = wrong.mean(axis=0)
    assert share[2] == 0  # a single letter
    assert share[0] < share[1] < share[3] < share[4] < share[5]
    assert share[5] / share[1] > 4
    assert share[[0, 1, 3, 4, 5]].mean() == pytest.approx(0.05, abs=0.005)
    flat = Typos(mix="uniform").apply_batch([text] * 4000, langs=["en"] * 4000, severity=0.2, keys=many_keys)
    even = np.array([[one != two for one, two in zip(made.split(), text.split(), strict=True)] for made in flat])
    assert even.mean(axis=0)[[0, 1, 3, 4, 5]] == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize(("lang", "mix"), [("en", "natural"), ("ru", "natural"), ("de", "natural"), ("tr", "uniform")])
def test_kinds_occur_as_often_as_the_rates_say(lang: str, mix: str) -> None:
    many = [SENTENCES[lang]] * 1500
    edits, _, _ = edits_of(many, lang, 0.3, [derive_key("kinds", number) for number in range(1500)], mix=mix)
    known = dict(zip(KINDS, rates(lang, mix, OPERATIONS).kinds.tolist(), strict=True))
    counts = Counter(edits.action.tolist())
    expected = {
        REPLACE: known["near"] + known["far"],
        DELETE: known["delete"],
        TRANSPOSE: known["transpose"],
    }
    for action, share in expected.items():
        assert counts[action] / len(edits) == pytest.approx(share, abs=0.03)


def test_a_long_word_may_have_two_errors_and_a_short_one_hardly_ever() -> None:
    many = ["representation in"] * 3000
    edits, typist, block = edits_of(many, "en", 1.0, [derive_key("two", number) for number in range(3000)])
    row = block.rows(typist.units.start[edits.cluster])
    short = edits.at - block.offsets[row] >= 15
    assert np.bincount(row[~short]).max() == 2
    assert (np.bincount(row[~short]) == 2).mean() == pytest.approx(
        rates("en", "natural", OPERATIONS).several[14], abs=0.04
    )
    assert np.bincount(row[short]).max() == 1  # no place for a second one


@pytest.mark.parametrize("lang", [lang for lang in LANGUAGES if lang != "vi"])
def test_a_wrong_key_comes_from_the_table(lang: str) -> None:
    near, far, _, _ = mistakes(lang)
    wrong = 0
    for number in range(60):
        edits, _, block = edits_of([SENTENCES[lang]], lang, 0.5, [derive_key("wrong", number)], ["keyboard"])
        for at, start, length in zip(edits.at, edits.entry_start, edits.entry_length, strict=True):
            letter = chr(block.codes[at])
            assert "".join(map(chr, edits.codes[start : start + length])) in [
                *near.get(letter, ()),
                *far.get(letter, ()),
            ]
            wrong += 1
    assert wrong > 40


def outcomes(text: str, lang: str, of: Sequence[str], mix: str = "uniform") -> set[str]:
    typos = Typos(of, mix)
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
        ("कि", "hi", "transpose", {"कि"}),  # a sign before its letter is on no screen
        ("किस", "hi", "delete", {"कस", "कि"}),  # the lost vowel sign; no word begins with a sign
        ("किस", "hi", "transpose", {"कसि"}),
        (
            "किस",
            "hi",
            "keyboard",
            {c + "िस" for c in "गदरतसख"} | {"क" + m + "स" for m in "ीूु"} | {"कि" + c for c in "लरकश"},
        ),
        ("ab", "vi", "delete", {"a", "b"}),
        ("đi", "vi", "delete", {"di", "đ"}),
        ("là", "vi", "delete", {"la", "à", "lf"}),
        ("là", "vi", "transpose", {"àl", "lfa"}),
        ("的", "zh", "keyboard", {"地", "得", "德"}),
        ("的", "zh", "delete", {"的"}),  # nothing would be left
        ("的", "zh", "insert", {"的的", "的地", "的得", "的德", "地的", "得的", "德的"}),
        ("国家", "zh", "delete", {"国", "家"}),
        ("国家", "zh", "transpose", {"家国"}),
        ("กา", "th", "delete", {"ก"}),
        ("ไป", "th", "transpose", {"ไป"}),
        ("ที่", "th", "delete", {"ที", "ท่"}),
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


@pytest.mark.parametrize("lang", ["hi", "th"])
def test_no_sign_comes_where_the_script_has_none(lang: str) -> None:
    """Every pair of code points that typing makes is one that the layout's classes allow, or was there before."""
    classes = layout(lang).classes
    of = {member: name for name, members in classes.items() for member in members}
    follow = layout(lang).follow
    many_keys = [derive_key("signs", number) for number in range(300)]
    made = Typos().apply_batch([SENTENCES[lang]] * 300, langs=[lang] * 300, severity=1.0, keys=many_keys)
    assert len(set(made)) > 290
    known = set(itertools.pairwise(SENTENCES[lang]))
    for text in made:
        for left, right in set(itertools.pairwise(text)) - known:
            assert of.get(right, "") in follow[of.get(left, "")], (left, right, text)


def test_vowel_signs_are_the_commonest_error_in_hindi() -> None:
    many_keys = [derive_key("matra", number) for number in range(1500)]
    text = SENTENCES["hi"]
    made = Typos().apply_batch([text] * 1500, langs=["hi"] * 1500, severity=0.2, keys=many_keys)
    lost = sum(len(regex.findall(r"\p{M}", noisy)) < len(regex.findall(r"\p{M}", text)) for noisy in made)
    assert lost > 300


@given(st.lists(st.sampled_from(VIETNAMESE), min_size=1), keys)
@settings(max_examples=200, deadline=None)
def test_telex_could_type_every_outcome(many: list[str], key: bytes) -> None:
    """Keys that give exactly this word can be worked out from the word, or it is plain letters as they were struck."""
    for word in one(" ".join(many), "vi", key).split(" "):
        plain = normalize("NFD", word).isascii()
        assert plain or keys_of(word) is not None or keys_left_over(word), word


def keys_left_over(word: str) -> bool:
    """Whether some key of the word, struck once more, undid a mark: only then has a word letters that its keys do not show."""
    letters = normalize("NFC", word)
    return any(keys_of(letters[:cut] + letters[cut + 1 :]) is not None for cut in range(len(letters)))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("vieetj", "việt"),
        ("Dduwowngf", "Đường"),
        ("dduowngf", "đường"),
        ("hoaf", "hoà"),
        ("quys", "quý"),
        ("giuwax", "giữa"),
        ("lamf", "làm"),
        ("lafm", "làm"),
        ("lamff", "lamf"),
        ("lamfs", "lám"),
        ("lamfz", "lam"),
        ("caaa", "caa"),
        ("aww", "aw"),
        ("ddd", "dd"),
        ("nghieem", "nghiêm"),
        ("khuyeenr", "khuyển"),
        ("sf", "sf"),
    ],
)
def test_what_telex_makes_of_keys(typed: str, expected: str) -> None:
    assert composed(typed, modern=True) == expected


def test_words_and_their_keys() -> None:
    assert keys_of("Đường") == ("Dduwowngf", True)
    assert keys_of("hòa") == ("hoaf", False)
    assert keys_of("hoà") == ("hoaf", True)
    assert keys_of("Warsaw") is None  # Telex would make ư of it
    assert keys_of("straße") is None
    assert keys_of("1\N{COMBINING ACUTE ACCENT}AA") is None  # a tone mark that no letter bears


def test_latin_words_in_other_scripts_use_the_latin_layer() -> None:
    assert "Nikr" in {word for text in outcomes("Кто Nike", "ru", ["keyboard"]) for word in text.split()}
    assert {text[:2] for text in outcomes("TV在", "zh", ["keyboard"])} == {t + "V" for t in "RYFG"} | {
        "T" + v for v in "CBFG"
    }


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


def test_sides_are_lost_as_often_as_the_rates_say() -> None:
    text = "Who led the Panthers in New York to win"
    many_keys = [derive_key("sides", number) for number in range(3000)]
    plain = Typos().apply_batch([text + "?"] * 3000, langs=["en"] * 3000, severity=0.4, keys=many_keys)
    noisy = Typos(sides=True).apply_batch([text + "?"] * 3000, langs=["en"] * 3000, severity=0.4, keys=many_keys)
    known = rates("en", "natural", OPERATIONS).sides
    assert [made.replace(" ", "").rstrip("?").lower() for made in noisy] == [
        made.replace(" ", "").rstrip("?").lower() for made in plain
    ]
    lost = 1 - sum(made.endswith("?") for made in noisy) / sum(made.endswith("?") for made in plain)
    assert lost == pytest.approx(0.4 * known["final"], abs=0.03)
    spaces = 1 - sum(made.count(" ") for made in noisy) / sum(made.count(" ") for made in plain)
    assert spaces == pytest.approx(0.4 * known["space"], abs=0.01)
    small = sum(made[0].islower() for made in noisy) - sum(made[0].islower() for made in plain)
    assert small / sum(made[0].isupper() for made in plain) == pytest.approx(0.4 * known["capital"], abs=0.03)
    assert Typos(sides=True).nested is False
    with pytest.raises(SpecError, match="leave mix out"):
        Typos(mix="uniform", sides=True)


def test_parts_in_specs() -> None:
    assert create("perturbation", "typos").parts == OPERATIONS
    assert create("perturbation", "typos(mix='uniform')").mix == "uniform"
    with pytest.raises(SpecError, match="'natural' or 'uniform'"):
        Typos(mix="normal")
    assert create("perturbation", "typos(parts='delete')").parts == ("delete",)
    assert create("perturbation", "typos(parts=('insert', 'keyboard'))").parts == ("keyboard", "insert")
    assert canonical("perturbation", "typos(parts=('keyboard', 'insert', 'delete', 'transpose'))") == "typos"
