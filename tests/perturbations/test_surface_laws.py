"""The laws of the surface perturbations on texts of every script."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from robustir.languages import has_spaces
from robustir.plugins.registry import create
from robustir.seeds import Stream, derive_key
from robustir.text.clusters import clusters
from robustir.text.words import words
from tests.strategies import LANGUAGES, SENTENCES, keys, languages, severities, texts

SPECS = (
    *("asr", "chat", "phonetic", "punctuation", "spacing", "stopwords"),
    *(f"casing(mode='{mode}')" for mode in ("lower", "upper", "title", "first", "random")),
)
specs = st.sampled_from(SPECS)
batches = st.lists(st.tuples(texts, languages, keys), max_size=5)


def noisy(spec: str, text: str, lang: str, key: bytes, severity: float) -> str:
    made = create("perturbation", spec)
    return made(text, lang=lang, severity=severity, rng=Stream(key))  # type: ignore[no-any-return]


def serves(spec: str, lang: str) -> bool:
    known = create("perturbation", spec).languages
    return known is None or lang in known


@given(specs, batches, severities)
@settings(max_examples=100, deadline=None)
def test_a_batch_equals_its_texts_one_by_one(spec: str, batch: list[tuple[str, str, bytes]], severity: float) -> None:
    batch = [each for each in batch if serves(spec, each[1])]
    many, langs, many_keys = zip(*batch, strict=True) if batch else ((), (), ())
    together = create("perturbation", spec).apply_batch(many, langs=langs, severity=severity, keys=many_keys)
    assert together == [noisy(spec, text, lang, key, severity) for text, lang, key in batch]


@given(specs, texts, languages, keys, severities)
@settings(max_examples=250, deadline=None)
def test_texts_stay_texts(spec: str, text: str, lang: str, key: bytes, severity: float) -> None:
    if not serves(spec, lang):
        return
    after = noisy(spec, text, lang, key, severity)
    assert noisy(spec, text, lang, key, 0) == text
    assert bool(after.strip()) == bool(text.strip())
    assert len(regex.findall(r"\p{Cs}", after)) == len(regex.findall(r"\p{Cs}", text))

    def marks_alone(of: str) -> int:
        return sum(regex.match(r"\p{M}", cluster) is not None for cluster in clusters(of))

    assert marks_alone(after) <= marks_alone(text)


@pytest.mark.parametrize(
    "spec",
    ["phonetic", "chat(kinds=('vowels', 'lengthening', 'capitals'))", "casing(mode='random')", "casing(mode='upper')"],
)
@pytest.mark.parametrize("lang", [lang for lang in LANGUAGES if has_spaces(lang)])
def test_an_edited_word_is_the_same_at_every_higher_severity(spec: str, lang: str) -> None:
    if not serves(spec, lang):
        return
    for number in range(10):
        key = derive_key("nest", number)
        levels = [words(noisy(spec, SENTENCES[lang], lang, key, severity), lang) for severity in (0.0, 0.2, 0.5, 1.0)]
        for forms in zip(*levels, strict=True):
            changed = [form != forms[0] for form in forms]
            assert changed == sorted(changed)
            assert len(set(forms)) <= 2


@pytest.mark.parametrize(
    ("spec", "word"), [("phonetic", "phone"), ("casing", "Bridge"), ("stopwords", "the"), ("chat", "people")]
)
def test_severity_is_the_expected_share_of_eligible_words(spec: str, word: str) -> None:
    draws, count = 400, 10
    text = " ".join([word] * count + ["zzz"])
    many_keys = [derive_key("share", number) for number in range(draws)]
    made = create("perturbation", spec)
    after = made.apply_batch([text] * draws, langs=["en"] * draws, severity=0.3, keys=many_keys)
    kept = sum(each.split().count(word) for each in after)
    share = 1 - kept / (draws * count)
    assert abs(share - 0.3) < 5 * (0.3 * 0.7 / (draws * count)) ** 0.5


@pytest.mark.parametrize("spec", SPECS)
def test_a_long_text_is_served(spec: str) -> None:
    text = "The Bridge is there, " * 5_000
    assert noisy(spec, text, "en", derive_key("long"), 0.5) != text
