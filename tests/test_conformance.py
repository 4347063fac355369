"""The conformance kit finds each broken law, and every built-in passes."""

from __future__ import annotations

import random

import pytest

from robustir.conformance import check
from robustir.registry import registered
from robustir.seeds import Stream


class Good:
    """Doubles some characters."""

    name = "good"
    version = "1"
    languages = frozenset({"en", "th"})
    nested = True

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        return "".join(
            char * 2 if char.isalnum() and char.isascii() | (char in "ภไ") and rng.uniform(place) < severity else char
            for place, char in enumerate(text)
        )


class EditsAtZero(Good):
    """Always edits."""

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        return text + "!" if text else text


class GlobalState(Good):
    """Draws from the global state."""

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        return text + "!" if text and random.random() < severity else text


class Remembers(Good):
    """Depends on how often it was called."""

    calls = 0

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        type(self).calls += 1
        return text + str(self.calls) if text and severity else text


class Empties(Good):
    """Deletes everything at severity 1."""

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        return "" if severity == 1.0 else text


class Idle(Good):
    """Does nothing in Thai although it claims it."""

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        return super().__call__(text, lang=lang, severity=severity, rng=rng) if lang == "en" else text


class DoesNotNest(Good):
    """Edits at a low severity alone."""

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        return text + "!" if text and 0 < severity < 0.5 else text


class OtherBatch(Good):
    """The batch route does something else."""

    def apply_batch(self, texts: list[str], *, langs: list[str], severity: float, keys: list[bytes]) -> list[str]:
        return [text.upper() for text in texts]


class Silent(Good):
    """Does not nest and does not say why."""

    nested = False


def broken(made: str) -> set[str]:
    return {law.name.split(",")[0] for law in check("perturbation", f"{__name__}:{made}") if not law.passed}


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])


@pytest.mark.parametrize(
    ("made", "law"),
    [
        ("EditsAtZero", "severity 0 returns the text bit for bit"),
        ("GlobalState", "no global random state is touched"),
        ("Remembers", "the same key gives the same noise"),
        ("Empties", "texts stay texts: not empty"),
        ("Idle", "something changes in every language it claims"),
        ("DoesNotNest", "a higher severity changes every text that a lower one changes (nested)"),
        ("OtherBatch", "the batch equals one text at a time"),
        ("Silent", "a perturbation that does not nest says why"),
    ],
)
def test_each_broken_law_is_found(made: str, law: str) -> None:
    assert law in broken(made)


def test_a_good_perturbation_passes() -> None:
    assert broken("Good") == set()


@pytest.mark.parametrize("name", sorted(registered("perturbation")))
def test_built_in_perturbations_pass(name: str) -> None:
    laws = check("perturbation", name)
    assert [law for law in laws if not law.passed] == []
    assert len(laws) >= 9


@pytest.mark.parametrize("name", ["bm25", "hashing", "hashing(analyzer='word')", "random"])
def test_built_in_encoders_pass(name: str) -> None:
    assert [law for law in check("encoder", name) if not law.passed] == []
