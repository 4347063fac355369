"""The conformance kit finds each broken law, and every built-in passes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from robustir.errors import SpecError
from robustir.kit.check import check
from robustir.plugins.registry import registered
from robustir.seeds import Stream

NESTED = "what is edited at a lower severity is edited in the same form at a higher one (nested)"


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


class Undoes(Good):
    """At each severity another share of words is in capitals."""

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        parts = text.split(" ")
        return " ".join(
            part.upper() if severity - 0.35 <= rng.uniform(place) < severity else part
            for place, part in enumerate(parts)
        )


class Reworded(Good):
    """What is written instead of a word depends on the severity."""

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        parts = text.split(" ")
        return " ".join(
            f"{severity:g}" if part and rng.uniform(place) < severity else part for place, part in enumerate(parts)
        )


class OtherWordsDropped(Good):
    """Leaves out other words at each severity."""

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        kept = [
            part for place, part in enumerate(text.split(" ")) if rng.uniform(place, int(severity * 10)) >= severity
        ]
        return " ".join(kept) if " ".join(kept).strip() else text


class NeedsSomething(Good):
    """Serves no language until it is given something."""

    languages = frozenset()
    needs = "give it a dictionary"


class OtherBatch(Good):
    """The batch route does something else."""

    def apply_batch(self, texts: list[str], *, langs: list[str], severity: float, keys: list[bytes]) -> list[str]:
        return [text.upper() for text in texts]


class Silent(Good):
    """Does not nest and does not say why."""

    nested = False


class OtherCodes(Good):
    """Calls its languages by other codes than queries have."""

    languages = frozenset({"eng", "th"})


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
        ("DoesNotNest", NESTED),
        ("Undoes", NESTED),
        ("Reworded", NESTED),
        ("OtherWordsDropped", NESTED),
        ("OtherBatch", "the batch equals one text at a time"),
        ("Silent", "it says why it does not nest"),
    ],
)
def test_each_broken_law_is_found(made: str, law: str) -> None:
    assert law in broken(made)


def test_a_good_perturbation_passes() -> None:
    assert broken("Good") == set()


def test_languages_by_other_codes_are_told() -> None:
    law = next(
        law for law in check("perturbation", f"{__name__}:OtherCodes") if law.name.startswith("it declares name")
    )
    assert (law.passed, law.detail) == (
        False,
        "a language has one code, which queries use too: write 'en' for 'eng'",
    )


def test_what_broke_nesting_is_shown() -> None:
    law = next(law for law in check("perturbation", f"{__name__}:Reworded") if law.name == NESTED)
    assert "at 0.1 but" in law.detail


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        (f"{__name__}:NeedsSomething", "dictionary"),
        ("recorded", r"recorded\(file="),
        ("opus-mt(models='/no/{src}{tgt}')", "download"),
    ],
)
def test_what_serves_no_language_is_not_called_good(spec: str, hint: str) -> None:
    with pytest.raises(SpecError, match=hint):
        check("perturbation", spec)


def test_recorded_noise_is_tried_on_its_own_queries(tmp_path: Path) -> None:
    path = tmp_path / "noisy.jsonl"
    path.write_text(
        "".join(f'{{"_id": "q{number}", "text": "noisi {number}", "lang": "de"}}\n' for number in range(30)),
        encoding="utf-8",
    )
    laws = check("perturbation", f"recorded(file={str(path)!r})")
    assert [law for law in laws if not law.passed] == []
    assert NESTED in {law.name for law in laws}


BUILT_IN = [name for name in registered("perturbation") if name not in {"recorded", "opus-mt", "round-trip"}]


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_perturbations_pass(name: str) -> None:
    if name == "nlpaug":
        pytest.importorskip("nlpaug")
    laws = check("perturbation", name)
    assert [law for law in laws if not law.passed] == []
    assert len(laws) >= 9


@pytest.mark.parametrize("name", ["bm25", "hashing", "hashing(analyzer='word')", "random"])
def test_built_in_encoders_pass(name: str) -> None:
    assert [law for law in check("encoder", name) if not law.passed] == []
