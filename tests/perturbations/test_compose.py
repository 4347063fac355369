from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustir.errors import SpecError
from robustir.perturbations.compose import Compose
from robustir.perturbations.one_of import OneOf
from robustir.plugins.registry import create
from robustir.seeds import Stream, derive_key

TEXT = "where does the river nile begin and where does it end"


class Upper:
    name = "upper"
    version = "1"
    languages = frozenset({"en", "fr"})
    nested = True

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        words = text.split(" ")
        return " ".join(word.upper() if rng.uniform(i) < severity else word for i, word in enumerate(words))


class Dots(Upper):
    name = "dots"
    languages = frozenset({"en", "de"})

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        words = text.split(" ")
        return " ".join(word + "." if rng.uniform(i) < severity else word for i, word in enumerate(words))


class Attacking(Upper):
    def attack(self) -> None: ...


def keys(count: int) -> list[bytes]:
    return [derive_key("test", number) for number in range(count)]


def call(plugin: Compose | OneOf, severity: float, key: bytes = derive_key("a")) -> str:
    return plugin(TEXT, lang="en", severity=severity, rng=Stream(key))


def test_every_part_is_applied_in_order() -> None:
    assert call(Compose(Upper(), Dots()), 1.0) == " ".join(word.upper() + "." for word in TEXT.split(" "))


def test_shares_scale_the_severity_of_each_part() -> None:
    assert call(Compose(Upper(), Dots(), shares=[0, 1]), 1.0) == " ".join(word + "." for word in TEXT.split(" "))


def test_the_same_part_twice_draws_independently() -> None:
    hit = Counter[int]()
    for key in keys(400):
        words = call(Compose(Dots(), Dots()), 0.5, key).split(" ")
        hit.update(len(word) - len(word.rstrip(".")) for word in words)
    share = {count: hit[count] / sum(hit.values()) for count in (0, 1, 2)}
    assert share == pytest.approx({0: 0.25, 1: 0.5, 2: 0.25}, abs=0.03)  # one stream for both would give 0.5, 0, 0.5


@pytest.mark.parametrize("make", [Compose, OneOf])
def test_languages_are_those_that_all_parts_know(make: type[Compose | OneOf]) -> None:
    assert make(Upper(), Dots()).languages == {"en"}
    assert make("shuffle-words").languages is None
    assert make("shuffle-words", Dots()).languages == {"en", "de"}


def test_a_composition_nests_only_alone_and_a_choice_with_nesting_parts() -> None:
    assert Compose(Upper()).nested
    assert not Compose(Upper(), Dots()).nested
    assert OneOf(Upper(), Dots()).nested
    assert not OneOf(Upper(), Compose(Upper(), Dots())).nested


@pytest.mark.parametrize("make", [Compose, OneOf])
def test_attacks_and_parts_with_no_common_language_are_refused(make: type[Compose | OneOf]) -> None:
    french = Upper()
    french.languages = frozenset({"fr"})
    with pytest.raises(SpecError, match="is an attack"):
        make(Upper(), Attacking())
    with pytest.raises(SpecError, match="no language is known to all of its parts"):
        make(french, Dots())


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.text(max_size=30), min_size=1, max_size=5),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.sampled_from(["compose(typos, shuffle-words)", "one-of(typos, compose(shuffle-words, typos))"]),
)
def test_a_batch_equals_one_at_a_time_and_severity_0_is_the_identity(
    texts: list[str], severity: float, spec: str
) -> None:
    plugin = create("perturbation", spec)
    batch = plugin.apply_batch(texts, langs=["de"] * len(texts), severity=severity, keys=keys(len(texts)))
    alone = [
        plugin(text, lang="de", severity=severity, rng=Stream(key))
        for text, key in zip(texts, keys(len(texts)), strict=True)
    ]
    assert batch == alone
    if severity == 0:
        assert batch == texts


@pytest.mark.parametrize(("weights", "expected"), [(None, 0.5), ([3, 1], 0.75)])
def test_chances_follow_the_weights_and_not_the_severity(weights: list[float] | None, expected: float) -> None:
    plugin = OneOf(Upper(), Dots(), weights=weights)
    upper = [call(plugin, 1.0, key).isupper() for key in keys(1000)]
    assert sum(upper) / 1000 == pytest.approx(expected, abs=0.05)
    for key, loud in list(zip(keys(1000), upper, strict=True))[:100]:
        assert ("." in call(plugin, 0.4, key)) <= (not loud)


def test_wrong_weights_and_shares_are_refused() -> None:
    with pytest.raises(SpecError, match="one for each part"):
        OneOf(Upper(), weights=[1, 2])
    with pytest.raises(SpecError, match="one for each part"):
        Compose(Upper(), shares=[2])


def test_the_version_changes_with_a_part() -> None:
    other = Upper()
    other.version = "2"
    assert Compose(Upper()).version != Compose(other).version
