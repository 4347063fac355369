"""The laws of the contract on every registered perturbation, in every language it claims, on texts of every script.

Attacks and what needs a model are named below with the tests that try them instead.
"""

from __future__ import annotations

import json
import random
import time
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
import regex
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from robustir.errors import MissingExtraError
from robustir.noise.prepared import is_attack, prepare
from robustir.plugins.registry import create, registered
from robustir.seeds import Stream, derive_key
from robustir.text.clusters import clusters
from robustir.text.nesting import nests, pieces
from robustir.types import QuerySet
from tests.strategies import LANGUAGES, NASTY, SENTENCES, keys, severities, texts

# Each default is in the registry; these are other arguments that lead to other code.
VARIANTS = (
    *(f"casing(mode='{mode}')" for mode in ("upper", "title", "first", "random")),
    "code-switch(into='zh')",
    "code-switch(into='ar', choices=3)",
    "code-switch(into='th', order='content-first')",
    "compose(stopwords, typos, shares=(0.5, 1))",
    "diacritics(mode='wrong')",
    "homoglyph(compatibility=True)",
    "one-of(stopwords, spacing, ocr)",
    "spacing(parts='split')",
    "transliterate(russian='iso9')",
)
TRIED_ELSEWHERE = {
    "opus-mt": "test_opus_mt.py, on tiny models",
    "round-trip": "test_round_trip.py: a real translator takes minutes for so many examples",
}
ELSEWHERE_TOO = ("bg", "ja", "ko", "xx")  # languages of those that serve any; xx is none that robustir knows
_COMPARED = 200  # characters; longer texts are not read as edits
_LONG_IN = ("en", "hi", "th")  # words, clusters of several code points, and a script that must be cut into words


def _is_attack(name: str) -> bool:
    return is_attack(registered("perturbation")[name].load())


SPECS = (
    *(name for name in registered("perturbation") if name not in TRIED_ELSEWHERE and not _is_attack(name)),
    *VARIANTS,
)


@pytest.fixture(scope="module")
def recorded_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with noise for the ids 0 to 7 in every language."""
    path = tmp_path_factory.mktemp("recorded") / "noise.jsonl"
    rows = [
        {"_id": str(number), "lang": lang, "text": f"{number} {SENTENCES[lang][::-1]}"}
        for lang in LANGUAGES
        for number in range(8)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@cache
def _made(spec: str) -> Any:
    try:
        return create("perturbation", spec)
    except MissingExtraError as error:
        pytest.skip(str(error))


def _run(made: Any, queries: QuerySet, severity: float, some_keys: Sequence[bytes]) -> list[str]:
    return prepare(made).apply(queries, severity=severity, keys=some_keys)


def _check_alone(made: Any, queries: QuerySet, some_keys: Sequence[bytes], severity: float) -> None:
    """One text's noise does not depend on the others, on their order, or on the route; nothing else in the process changes."""
    before = (random.getstate(), repr(np.random.get_state()))  # noqa: NPY002 - the state itself is compared
    noisy = _run(made, queries, severity, some_keys)
    rows = list(range(len(queries)))
    for other in (rows[::-1], rows[::2]):
        assert _run(made, queries.select(other), severity, [some_keys[row] for row in other]) == [
            noisy[row] for row in other
        ]
    if not prepare(made).needs_queries:
        alone = [
            made(text, lang=lang, severity=severity, rng=Stream(key))
            for text, lang, key in zip(queries.texts, queries.langs, some_keys, strict=True)
        ]
        assert alone == noisy
    assert before == (random.getstate(), repr(np.random.get_state()))  # noqa: NPY002 - as above


def _marks_alone(text: str) -> int:
    return sum(regex.match(r"\p{M}", cluster) is not None for cluster in clusters(text))


def _check_text(made: Any, clean: str, noisy: str) -> None:
    """A text stays a text."""
    assert isinstance(noisy, str)
    assert bool(noisy.strip()) == bool(clean.strip())
    assert noisy or not clean
    if prepare(made).needs_queries:
        return  # what was recorded is what was recorded
    assert not Counter(regex.findall(r"\p{Cs}", noisy)) - Counter(regex.findall(r"\p{Cs}", clean))
    assert noisy.count("\n") <= clean.count("\n")
    assert _marks_alone(noisy) <= _marks_alone(clean)
    assert not (unicodedata.combining(noisy[0]) and not unicodedata.combining(clean[0])) if noisy and clean else True


def _check_clusters(made: Any, clean: str, noisy: str) -> None:
    """A letter with its marks stays whole: no cluster of the noisy text mixes, cuts or regroups those of the clean one."""
    prepared = prepare(made)
    if prepared.inside_clusters or prepared.embedded_lang or prepared.needs_queries:
        return  # translations and recordings bring clusters of their own
    if made.name in {"mt-channel", "asr"}:
        return  # as do other translations of a word, and words that were heard for others

    known = {_caseless(cluster) for cluster in clusters(clean)}
    assert {_caseless(cluster) for cluster in clusters(noisy) if len(cluster) > 1} <= known


def _caseless(cluster: str) -> str:
    """Return a cluster without its case: outside Turkish İ has a small letter of two code points, and ı the capital of i."""
    return cluster.upper().casefold()


def _check_nesting(made: Any, lang: str, clean: str, low: str, high: str) -> None:
    if not made.nested or len(clean) > _COMPARED:
        return
    if low != clean:
        assert high != clean
    assert nests(pieces(clean, lang, "word"), low, high)


def _check(spec: str, batch: Sequence[tuple[str, str, bytes]], levels: Sequence[float]) -> None:
    made = _made(spec)
    some_texts, langs, some_keys = zip(*batch, strict=True)
    queries = QuerySet.from_texts(some_texts, lang=langs)
    assert _run(made, queries, 0.0, some_keys) == list(some_texts)
    low, high = (_run(made, queries, severity, some_keys) for severity in sorted(levels))
    _check_alone(made, queries, some_keys, max(levels))
    for lang, clean, one, two in zip(langs, some_texts, low, high, strict=True):
        for noisy in (one, two):
            _check_text(made, clean, noisy)
            _check_clusters(made, clean, noisy)
        _check_nesting(made, lang, clean, one, two)


def _languages(spec: str) -> tuple[str, ...]:
    known = _made(spec).languages
    found = (*LANGUAGES, *ELSEWHERE_TOO) if known is None else tuple(sorted(known))
    assert found, f"{spec} serves no language without arguments: name it in TRIED_ELSEWHERE, with its tests"
    return found


def _try(spec: str, examples: int) -> None:
    langs = st.sampled_from(_languages(spec))
    batches = st.lists(st.tuples(texts, langs, keys), min_size=1, max_size=6)

    @settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(batches, st.tuples(severities, severities))
    def laws(batch: list[tuple[str, str, bytes]], levels: tuple[float, float]) -> None:
        _check(spec, batch, levels)

    laws()


def _spelled(spec: str, recorded_file: str) -> str:
    return f"recorded(file={recorded_file!r})" if spec == "recorded" else spec


@pytest.mark.parametrize("spec", SPECS)
def test_the_laws_hold(spec: str, recorded_file: str) -> None:
    _try(_spelled(spec, recorded_file), 20)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("spec", SPECS)
def test_the_laws_hold_on_many_texts(spec: str, recorded_file: str) -> None:
    _try(_spelled(spec, recorded_file), 60)


@pytest.mark.parametrize("spec", SPECS)
def test_the_laws_hold_on_each_nasty_text_and_sentence_in_each_language(spec: str, recorded_file: str) -> None:
    spelled = _spelled(spec, recorded_file)
    for lang in _languages(spelled):
        ordinary = [SENTENCES.get(lang, SENTENCES["en"])] * 4
        rows = ordinary if spec == "recorded" else [*NASTY, *ordinary]
        some_keys = [derive_key(lang, number) for number in range(len(rows))]
        _check(spelled, [(text, lang, key) for text, key in zip(rows, some_keys, strict=True)], (0.3, 0.7))


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec != "recorded"])
def test_a_text_of_100_000_characters_is_served_in_seconds(spec: str) -> None:
    served = _languages(spec)
    for lang in [lang for lang in _LONG_IN if lang in served] or served[:1]:
        sentence = SENTENCES.get(lang, SENTENCES["en"])
        text = (f"{sentence} " * (100_000 // len(sentence) + 1))[:100_000]
        begun = time.process_time()
        noisy = _made(spec)(text, lang=lang, severity=0.5, rng=Stream(derive_key("long")))
        assert time.process_time() - begun < 30, f"{lang}: too slow"
        _check_text(_made(spec), text, noisy)
        assert noisy != text


def test_every_registered_perturbation_is_tried_somewhere() -> None:
    attacks = {name for name in registered("perturbation") if _is_attack(name)}
    assert attacks | set(TRIED_ELSEWHERE) | set(SPECS) - set(VARIANTS) == set(registered("perturbation"))
    assert {
        "adversarial",
        "adversarial-homoglyph",
    } <= attacks  # tests/kit/test_check.py runs robustir.kit.attacks on them
