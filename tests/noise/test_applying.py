"""Noise applied to queries: the keys of random streams, what noisy texts must satisfy, the realised dose."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest

from robustir.errors import NotApplicableError, PerturbationError, SpecError
from robustir.noise.applying import perturb
from robustir.seeds import Stream
from robustir.types import QuerySet


class Plugin:
    """A perturbation made of a function."""

    name = "plugin"
    version = "1"
    nested = False
    nesting_note = "a test"

    def __init__(self, function: Callable[[str, Stream], object], languages: frozenset[str] | None = None) -> None:
        self.function = function
        self.languages = languages

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> object:
        return self.function(text, rng)


QUERIES = QuerySet.from_texts(["where is the nile", "wo liegt der nil"], lang=["en", "de"], ids=["a", "b"])


def test_severity_zero_is_the_identity_and_never_calls_the_plugin() -> None:
    noisy = perturb(QUERIES, Plugin(lambda text, rng: 1 / 0), severity=0.0)
    assert noisy.texts == QUERIES.texts
    assert noisy.dose is not None
    assert noisy.dose.word_edit_rate.tolist() == [0.0, 0.0]


def test_noise_is_keyed_by_query_and_draw_alone() -> None:
    plugin = Plugin(lambda text, rng: f"{text} {rng.random()}")
    both = perturb(QUERIES, plugin, severity=0.5, seed=3)
    alone = perturb(QUERIES.select([1]), plugin, severity=0.5, seed=3)
    assert both.texts[1] == alone.texts[0]
    assert perturb(QUERIES, plugin, severity=0.2, seed=3).texts == both.texts  # severity stays out of the key
    assert perturb(QUERIES, plugin, severity=0.5, seed=3, draw=1).texts != both.texts
    assert perturb(QUERIES, plugin, severity=0.5, seed=4).texts != both.texts


def _framed(*parts: str | int) -> bytes:
    """Hash parts as the documentation of the key says: each with its length in four bytes before it."""
    raw = [str(part).encode() for part in parts]
    return hashlib.blake2b(b"".join(len(part).to_bytes(4, "little") + part for part in raw), digest_size=16).digest()


def test_the_key_holds_seed_name_version_language_query_and_draw() -> None:
    plugin = Plugin(lambda text, rng: rng.key.hex())
    noisy = perturb(QUERIES, plugin, severity=0.5, seed=3, draw=2)
    assert noisy.texts == tuple(
        _framed(3, 0, "plugin", "1", lang, name, 2).hex() for lang, name in (("en", "a"), ("de", "b"))
    )
    plugin.version = "2"
    assert perturb(QUERIES, plugin, severity=0.5).texts[0] == _framed(0, 0, "plugin", "2", "en", "a", 0).hex()
    plugin.name = "other"
    assert perturb(QUERIES, plugin, severity=0.5).texts[0] == _framed(0, 0, "other", "2", "en", "a", 0).hex()


def test_the_realised_dose_is_recorded() -> None:
    noisy = perturb(QUERIES, Plugin(lambda text, rng: text.replace("nile", "nlie")), severity=0.5)
    assert noisy.dose is not None
    # One of four words; "nlie" is two substitutions away from "nile", in 17 characters.
    assert noisy.dose.word_edit_rate.tolist() == [0.25, 0.0]
    np.testing.assert_allclose(noisy.dose.char_error_rate, [2 / 17, 0.0])


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda text, rng: None, "query 'a' .*returned a NoneType"),
        (lambda text, rng: " ", "query 'a' .*empty"),
        (lambda text, rng: 1 / 0, "raised ZeroDivisionError on query 'a'"),
        (lambda text, rng: "\ud800" + text, "query 'a' .*unpaired surrogate"),
        (lambda text, rng: "\u0301" + text, "without its base"),
    ],
)
def test_what_breaks_the_contract_is_named(function: Callable[[str, Stream], object], message: str) -> None:
    with pytest.raises(PerturbationError, match=message):
        perturb(QUERIES, Plugin(function), severity=0.5)


@pytest.mark.parametrize(("clean", "noisy"), [("", "x"), (" ", "")])
def test_empty_texts_are_neither_filled_nor_made(clean: str, noisy: str) -> None:
    queries = QuerySet.from_texts([clean], lang="en", ids=["a"])
    assert perturb(queries, Plugin(lambda text, rng: text), severity=0.5).texts == (clean,)
    with pytest.raises(PerturbationError, match=r"query 'a'.*empty"):
        perturb(queries, Plugin(lambda text, rng: noisy), severity=0.5)


def test_a_batch_of_another_size_is_named() -> None:
    class Batch(Plugin):
        def apply_batch(self, texts: list[str], **rest: object) -> list[str]:
            return list(texts)[:1]

    with pytest.raises(PerturbationError, match="1 texts for 2 queries"):
        perturb(QUERIES, Batch(lambda text, rng: text), severity=0.5)


def test_languages_and_severities_are_checked() -> None:
    with pytest.raises(NotApplicableError, match="plugin does not know de; it works in: en"):
        perturb(QUERIES, Plugin(lambda text, rng: text, frozenset({"en"})), severity=0.5)
    with pytest.raises(SpecError, match="between 0 and 1"):
        perturb(QUERIES, "typos", severity=1.5)


def test_mixed_text_has_a_code_mixing_index_and_other_noise_has_none() -> None:
    queries = QuerySet.from_texts(["where does the water come from", "12 34"], lang="en")
    mixed = perturb(queries, "code-switch(into='es')", severity=1.0)
    assert mixed.dose is not None
    assert mixed.dose.code_mixing_index is not None
    before, after = queries.texts[0].split(), mixed.texts[0].lower().split()
    kept = sum(word in after for word in before)
    shares = (kept / len(before), 1 - kept / len(before))
    assert mixed.dose.code_mixing_index[0] == pytest.approx(100 * (1 - max(shares)))
    assert mixed.dose.code_mixing_index[1] == 0
    typed = perturb(queries, "typos", severity=1.0)
    assert typed.dose is not None
    assert typed.dose.code_mixing_index is None
