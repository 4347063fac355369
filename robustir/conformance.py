"""What a plugin must satisfy, runnable by its author: ``robustir check SPEC`` or :func:`check`."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from robustir.attack_laws import attack_laws
from robustir.catalogue import SAMPLES
from robustir.conditions import applicable_languages
from robustir.encoder_laws import encoder_laws
from robustir.errors import RobustirError
from robustir.registry import Kind, canonical, create
from robustir.seeds import Stream, derive_key
from robustir.specs import parse

__all__ = ["Law", "check"]

_NASTY = (
    "",
    " ",
    "a",
    "7",
    "!?",
    "👩‍👩‍👧‍👦 family",
    "\u200fשלום",
    "e\u0301te\u0301",
    "नि\u200dष्ठा",
    "x" * 5000,
    "tab\tand  two spaces ",
    "ﷺ",
    "ที่นี่",
)
_SEVERITIES = (0.1, 0.3, 0.6, 1.0)
_REPEATS = 40


@dataclass(frozen=True, slots=True)
class Law:
    """One law and whether it held; ``detail`` shows the first example that broke it."""

    name: str
    passed: bool
    detail: str = ""


def check(kind: Kind, spec: str) -> list[Law]:
    """Try the laws of a perturbation or an encoder; benchmarks are checked for parallel, well-formed tasks."""
    made = create(kind, spec)
    laws = [_law("the spec survives a round trip", lambda: _round_trip(kind, spec))]
    if kind == "perturbation":
        laws += _check_perturbation(made)
    elif kind == "encoder":
        from robustir.encoders.adapters import adapt

        laws += _check_encoder(adapt(made))
    else:
        laws.append(_law("it loads", lambda: _load(made)))
    return laws


def _law(name: str, examine: Callable[[], str | None]) -> Law:
    try:
        detail = examine()
    except RobustirError as error:
        return Law(name, passed=False, detail=str(error))
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and its author wants to see what
        return Law(name, passed=False, detail=f"{type(error).__name__}: {error}")
    return Law(name, passed=detail is None, detail=detail or "")


def _round_trip(kind: Kind, spec: str) -> str | None:
    spelled = canonical(kind, spec)
    if str(parse(spelled)) != spelled or canonical(kind, spelled) != spelled:
        return f"{spec!r} is spelled {spelled!r}, which reads back as {canonical(kind, spelled)!r}"
    return None


def _load(benchmark: Any) -> str | None:
    from robustir.folders import data_folder

    task = benchmark.load(data_folder(), None)
    return None if len(task.qrels) else "no query has a relevant passage"


def _check_perturbation(perturbation: Any) -> list[Law]:
    if hasattr(perturbation, "attack"):
        return [_law(name, examine) for name, examine in attack_laws(perturbation)]
    languages = applicable_languages(perturbation, sorted(set(SAMPLES) | set(perturbation.languages or ())))
    texts = [(lang, SAMPLES.get(lang, SAMPLES["en"])) for lang in languages for _ in range(_REPEATS)]
    texts += [(lang, text) for lang in languages for text in _NASTY]
    kit = _Kit(perturbation, [text for _, text in texts], [lang for lang, _ in texts])
    laws = [
        _law("it has a name, a version, languages and says whether it nests", kit.declared),
        _law("severity 0 returns the text bit for bit", kit.identity),
        _law("the same key gives the same noise, whatever was done before", kit.repeatable),
        _law("one text's noise does not depend on another's or on their order", kit.order),
        _law("no global random state is touched", kit.global_state),
        _law("texts stay texts: not empty, no dangling mark, no unpaired surrogate", kit.well_formed),
        _law("something changes in every language it claims", kit.effective),
    ]
    if perturbation.nested:
        laws.append(_law("a higher severity changes every text that a lower one changes (nested)", kit.nested))
    elif not getattr(perturbation, "nesting_note", ""):
        laws.append(Law("a perturbation that does not nest says why", passed=False, detail="give it a nesting_note"))
    if hasattr(perturbation, "apply_batch"):
        laws.append(_law("the batch equals one text at a time", kit.batch))
    return laws


class _Kit:
    def __init__(self, perturbation: Any, texts: Sequence[str], langs: Sequence[str]) -> None:
        self.perturbation = perturbation
        self.texts, self.langs = texts, langs
        self.keys = [derive_key("conformance", number) for number in range(len(texts))]

    def _one(self, number: int, severity: float) -> str:
        text: str = self.perturbation(
            self.texts[number], lang=self.langs[number], severity=severity, rng=Stream(self.keys[number])
        )
        return text

    def _all(self, severity: float) -> list[str]:
        return [self._one(number, severity) for number in range(len(self.texts))]

    def _differ(self, first: Sequence[object], second: Sequence[object], words: str) -> str | None:
        for number, (one, other) in enumerate(zip(first, second, strict=True)):
            if one != other:
                return (
                    f"{self.langs[number]}, {self.texts[number][:60]!r}: {str(one)[:60]!r} {words} {str(other)[:60]!r}"
                )
        return None

    def declared(self) -> str | None:
        made = self.perturbation
        if not (isinstance(made.name, str) and isinstance(made.version, str) and isinstance(made.nested, bool)):
            return "name and version must be strings, nested a bool"
        return (
            None
            if made.languages is None or isinstance(made.languages, frozenset)
            else "languages must be None or a frozenset"
        )

    def identity(self) -> str | None:
        return self._differ(self._all(0.0), self.texts, "instead of")

    def repeatable(self) -> str | None:
        return self._differ(self._all(0.5), self._all(0.5), "and then")

    def order(self) -> str | None:
        forward = self._all(0.5)
        backward = [self._one(number, 0.5) for number in reversed(range(len(self.texts)))]
        return self._differ(forward, backward[::-1], "but in reverse order")

    def global_state(self) -> str | None:
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002 - the global state is what is examined
        before = (random.getstate(), repr(np.random.get_state()))  # noqa: NPY002 - as above
        self._all(0.5)
        after = (random.getstate(), repr(np.random.get_state()))  # noqa: NPY002 - as above
        return (
            None if before == after else "the state of random or numpy.random changed; use the stream that is passed in"
        )

    def well_formed(self) -> str | None:
        for severity in _SEVERITIES:
            for number, text in enumerate(self._all(severity)):
                reason = _malformed(self.texts[number], text)
                if reason:
                    return f"{self.langs[number]} at {severity:g}: {self.texts[number][:60]!r} became {str(text)[:60]!r}: {reason}"
        return None

    def effective(self) -> str | None:
        changed = {
            lang for lang, clean, noisy in zip(self.langs, self.texts, self._all(1.0), strict=True) if clean != noisy
        }
        idle = sorted(set(self.langs) - changed)
        return f"nothing changed at severity 1 in {', '.join(idle)}: leave them out of languages" if idle else None

    def nested(self) -> str | None:
        lower = self._all(_SEVERITIES[0])
        for severity in _SEVERITIES[1:]:
            higher = self._all(severity)
            for number, clean in enumerate(self.texts):
                if lower[number] != clean and higher[number] == clean:
                    return f"{self.langs[number]}: {clean[:60]!r} is edited at a lower severity but not at {severity:g}"
            lower = higher
        return None

    def batch(self) -> str | None:
        together = self.perturbation.apply_batch(list(self.texts), langs=list(self.langs), severity=0.5, keys=self.keys)
        if len(together) != len(self.texts):
            return f"{len(together)} texts came back for {len(self.texts)}"
        return self._differ(together, self._all(0.5), "in a batch, but alone")


def _malformed(clean: str, noisy: object) -> str | None:
    if not isinstance(noisy, str):
        return f"a {type(noisy).__name__}, not a string"
    if clean.strip() and not noisy.strip():
        return "empty"
    if not clean and noisy:
        return "empty input must come back as it is"
    try:
        noisy.encode("utf-8")
    except UnicodeEncodeError:
        return "an unpaired surrogate"
    if noisy and unicodedata.combining(noisy[0]) and not (clean and unicodedata.combining(clean[0])):
        return "a combining mark without its base"
    return None


def _check_encoder(encoder: Any) -> list[Law]:
    texts = [text for text in [*SAMPLES.values(), *_NASTY] if text]
    langs = [lang for lang, _ in SAMPLES.items()] + ["en"] * (len(texts) - len(SAMPLES))
    if not hasattr(encoder, "encode"):
        return [_law("it ranks a passage for its own words first", lambda: _self_retrieval(encoder))]
    return [_law(name, examine) for name, examine in encoder_laws(encoder, texts, langs)]


def _self_retrieval(scorer: Any) -> str | None:
    from robustir.types import Corpus, QuerySet

    langs, texts = tuple(SAMPLES), tuple(SAMPLES.values())
    scorer.index(Corpus(langs, texts, langs))
    scores = np.concatenate([block.copy() for block in scorer.blocks(QuerySet(langs, texts, langs, langs, langs))])
    wrong = [lang for row, lang in enumerate(langs) if scores[row].argmax() != row]
    return f"another passage scored higher in {', '.join(wrong)}" if wrong else None
