"""The conformance kit finds each broken law, and every built-in passes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from robustir.errors import SpecError
from robustir.kit.check import check
from robustir.noise.prepared import prepare
from robustir.plugins.registry import registered
from robustir.seeds import Stream
from robustir.text.sounds import speaker

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


CLAIMED = {
    "keeps-names": "probable names stay",
    "keeps-numbers": "numbers stay",
    "keeps-negations": "negations stay",
    "writes-words": "the words that it writes are in dictionaries",
    "keeps-sound": "the words that it writes sound like",
    "survives-nfkc": "Unicode's normalisation NFKC",
}


class Claims(Good):
    """Claims everything; what it does to the words of English text is its subclass's."""

    languages = frozenset({"en"})
    claims = frozenset(CLAIMED)

    def edited(self, word: str) -> str:
        """Return another word, or the same."""
        return {"How": "Howe", "how": "howe"}.get(word, word)  # a word of the dictionary that sounds the same is rare

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        parts = text.split(" ")
        return " ".join(
            self.edited(part) if rng.uniform(place) < severity else part for place, part in enumerate(parts)
        )


class Renames(Claims):
    """Writes another name."""

    def edited(self, word: str) -> str:
        return {"Merkel": "Year", "How": "how"}.get(word, word)


class Recounts(Claims):
    """Takes the mark out of a number."""

    def edited(self, word: str) -> str:
        return {"3.5": "35", "How": "how"}.get(word, word)


class Denies(Claims):
    """Leaves a negation out."""

    def edited(self, word: str) -> str:
        return {"not": "now", "How": "how"}.get(word, word)


class Invents(Claims):
    """Writes what is no word."""

    def edited(self, word: str) -> str:
        return {"visit": "visssit", "people": "peeple", "mountains": "mowntains", "How": "how"}.get(word, word)


class Mumbles(Claims):
    """Writes words of another sound."""

    def edited(self, word: str) -> str:
        return {"visit": "story", "people": "house", "mountains": "water", "How": "how"}.get(word, word)


class Widens(Claims):
    """Writes letters of full width, which NFKC undoes."""

    def edited(self, word: str) -> str:
        return (
            "".join(chr(ord(char) + 0xFEE0) if char.islower() else char for char in word)
            if word == "people"
            else {"How": "how"}.get(word, word)
        )


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


@pytest.mark.parametrize(
    ("made", "claim", "text"),
    [
        ("Renames", "keeps-names", "Year"),
        ("Recounts", "keeps-numbers", "35 million"),
        ("Denies", "keeps-negations", "Merkel now"),
        ("Invents", "writes-words", "visssit"),
        ("Mumbles", "keeps-sound", "'story' for 'visit'"),
        ("Widens", "survives-nfkc", "ｐｅｏｐｌｅ"),
    ],
)
def test_a_false_claim_is_found_and_its_text_shown(made: str, claim: str, text: str) -> None:
    if claim == "keeps-sound" and speaker() is None:
        pytest.skip("needs espeak-ng:  apt-get install espeak-ng")
    laws = {law.name: law for law in check("perturbation", f"{__name__}:{made}")}
    (name,) = [name for name in laws if name.startswith(CLAIMED[claim])]
    assert not laws[name].passed
    assert text in laws[name].detail


def test_only_what_is_claimed_is_tried() -> None:
    assert not any(law.name.startswith(tuple(CLAIMED.values())) for law in check("perturbation", f"{__name__}:Good"))


class ClaimsMore(Good):
    """Claims what nobody knows."""

    claims = frozenset({"keeps-secrets", "keeps-numbers"})


class ClaimsList(Good):
    """Claims in a list."""

    claims = ["keeps-numbers"]  # noqa: RUF012 - what is tried


@pytest.mark.parametrize(
    ("made", "detail"),
    [("ClaimsMore", "claims has 'keeps-secrets'; what can be claimed is: keeps-names, "), ("ClaimsList", "frozenset")],
)
def test_unknown_claims_are_told(made: str, detail: str) -> None:
    law = next(law for law in check("perturbation", f"{__name__}:{made}") if law.name.startswith("it declares name"))
    assert not law.passed
    assert detail in law.detail


def test_a_law_without_its_tool_is_not_tried_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("robustir.kit.fidelity.speaker", lambda: None)
    law = next(law for law in check("perturbation", "phonetic") if law.name.startswith(CLAIMED["keeps-sound"]))
    assert (law.passed, law.tried) == (True, False)
    assert "apt-get install espeak-ng" in law.detail


@pytest.mark.parametrize(
    "spec",
    [
        "casing(mode='upper')",
        "casing(mode='random')",
        "code-switch(into='zh')",
        "homoglyph(compatibility=True)",
        "typos(sides=True)",
        "punctuation(parts='insert')",
        "typos(dose='cer:0.05')",
    ],
)
def test_variants_claim_what_is_true_of_them(spec: str) -> None:
    assert [law for law in check("perturbation", spec) if not law.passed] == []


def test_a_combination_claims_what_all_of_its_parts_claim() -> None:
    assert prepare("compose(stopwords, phonetic)").claims == {"keeps-numbers", "survives-nfkc"}
    assert prepare("typos(dose='cer:0.05')").claims == prepare("typos").claims == {"keeps-numbers", "survives-nfkc"}


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
