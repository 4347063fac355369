"""What a perturbation must satisfy, tried in every language it claims; :mod:`robustir.kit.check` runs these for ``robustir check``."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import numpy as np

from robustir.contracts import CLAIMS
from robustir.errors import SpecError
from robustir.kit.catalogue import SAMPLES
from robustir.kit.fidelity import claim_laws
from robustir.languages import normalise
from robustir.noise.applying import text_fault
from robustir.noise.prepared import PreparedPerturbation
from robustir.seeds import derive_key
from robustir.text.nesting import GRAINS, Grain, nests, pieces, taken_back
from robustir.types import QuerySet

__all__ = ["NASTY", "perturbation_laws"]

NASTY: Final = (
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
_SEVERITIES: Final = (0.1, 0.3, 0.6, 1.0)
_REPEATS = 40  # draws of each language's sample
_NESTING_REPEATS = 12  # of these, for the law of nesting
_COMPARED = 200  # characters; reading longer texts as edits takes too long
_COINCIDENCES = 0.15  # share of texts in which a word may seem to be back by chance (wrong Thai keys: 0.05)
_SHOWN = 3  # examples of what broke a law
_Step = tuple[int, float, str, float, str]  # row, severity and text, the next severity and its text


def perturbation_laws(perturbation: PreparedPerturbation) -> list[tuple[str, Callable[[], str | None]]]:
    """Return the laws as (name, examination); an examination returns what broke the law, or None.

    Raises SpecError for a perturbation that serves no language without more arguments: no law could be tried.
    """
    kit = _Kit(perturbation)
    laws = [
        ("it declares name, version, languages and whether it nests", kit.declared),
        ("severity 0 returns the text bit for bit", kit.identity),
        ("the same key gives the same noise, whatever came before", kit.repeatable),
        ("one text's noise does not depend on another's or on their order", kit.order),
        ("no global random state is touched", kit.global_state),
        ("texts stay texts: not empty, no dangling mark, no unpaired surrogate", kit.well_formed),
        ("something changes in every language it claims", kit.effective),
    ]
    if perturbation.nested:
        laws.append(
            ("what is edited at a lower severity is edited in the same form at a higher one (nested)", kit.nested)
        )
    else:
        laws.append(("it says why it does not nest", kit.excused))
    if perturbation.has_batch:
        laws.append(("the batch equals one text at a time", kit.batch))
    return laws + (claim_laws(perturbation) if kit.claimed() is None else [])


class _Kit:
    def __init__(self, perturbation: PreparedPerturbation) -> None:
        self.made = perturbation
        self.queries = _queries(perturbation)
        self.texts, self.langs = self.queries.texts, self.queries.langs
        self.keys = [derive_key("conformance", number) for number in range(len(self.queries))]

    def _alone(self, severity: float) -> list[Any]:
        rows = zip(self.queries.ids, self.texts, self.langs, self.keys, strict=True)
        return [self.made.call(text, lang, severity=severity, key=key, name=name) for name, text, lang, key in rows]

    def _some(self, rows: Sequence[int], severity: float) -> list[Any]:
        """Run rows by the route that a suite takes."""
        return self.made.apply(self.queries.select(rows), severity=severity, keys=[self.keys[row] for row in rows])

    def _all(self, severity: float) -> list[Any]:
        return self._some(range(len(self.texts)), severity)

    @cached_property
    def _half(self) -> list[Any]:
        return self._all(0.5)

    def _differ(self, first: Sequence[object], second: Sequence[object], words: str) -> str | None:
        if len(first) != len(second):
            return f"{len(first)} texts came back for {len(second)}"
        for number, (got, expected) in enumerate(zip(first, second, strict=True)):
            if got != expected:
                where = f"{self.langs[number]}, {self.texts[number][:60]!r}"
                return f"{where}: {str(got)[:60]!r} {words} {str(expected)[:60]!r}"
        return None

    def declared(self) -> str | None:
        plugin = self.made.plugin
        if not (isinstance(plugin.name, str) and isinstance(plugin.version, str) and isinstance(plugin.nested, bool)):
            return "name and version must be strings, nested a bool"
        if fault := self.claimed():
            return fault
        if plugin.languages is None:
            return None
        if not isinstance(plugin.languages, frozenset):
            return "languages must be None or a frozenset"
        other = {code: normalise(code) for code in sorted(plugin.languages) if normalise(code) != code}
        renamed = ", ".join(f"{code!r} for {spelled!r}" for spelled, code in other.items())
        return f"a language has one code, which queries use too: write {renamed}" if other else None

    def claimed(self) -> str | None:
        """Return what is wrong with the claims, None if they are known."""
        claims: object = self.made.claims
        if not isinstance(claims, frozenset):
            return "claims must be a frozenset"
        unknown = ", ".join(repr(claim) for claim in sorted(map(str, claims - CLAIMS.keys())))
        return f"claims has {unknown}; what can be claimed is: {', '.join(CLAIMS)}" if unknown else None

    def excused(self) -> str | None:
        return None if self.made.nesting_note else "give it a nesting_note"

    def identity(self) -> str | None:
        return self._differ(self._all(0.0), self.texts, "instead of") or self._differ(
            self._alone(0.0), self.texts, "instead of"
        )

    def repeatable(self) -> str | None:
        return self._differ(self._half, self._all(0.5), "and then")

    def order(self) -> str | None:
        rows = range(len(self.texts))
        backward = self._some(rows[::-1], 0.5)[::-1]
        fault = self._differ(self._half, backward, "but in reverse order")
        for row, alone in zip(rows[::7], self._some(rows[::7], 0.5), strict=True):
            if not fault and alone != self._half[row]:
                fault = f"{self.langs[row]}, {self.texts[row][:60]!r}: {str(self._half[row])[:60]!r} but among other texts {str(alone)[:60]!r}"
        return fault

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
                reason = text_fault(self.texts[number], text)
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
        """Read the texts as edits of words; if that fails, of clusters, then of code points: a unit may be any of them."""
        rows = [
            row
            for row, text in enumerate(self.texts)
            if len(text) <= _COMPARED and (row % _REPEATS < _NESTING_REPEATS or text in NASTY)
        ]
        noisy = [self._some(rows, severity) for severity in _SEVERITIES]
        steps = [
            (row, at, low, above, high)
            for (at, lower), (above, higher) in pairwise(zip(_SEVERITIES, noisy, strict=True))
            for row, low, high in zip(rows, lower, higher, strict=True)
            if isinstance(low, str) and isinstance(high, str) and low not in (self.texts[row], high)
        ]
        fault = self._undone(steps)
        for grain in GRAINS if fault is None else ():
            fault = self._reworded(steps, grain)
            if fault is None:
                break
        return fault

    def _undone(self, steps: Sequence[_Step]) -> str | None:
        """Return examples of texts that are clean again, or hold a word again that the lower severity took out."""
        clean_again = [step for step in steps if step[4] == self.texts[step[0]]]
        back = [step for step in steps if taken_back(self.texts[step[0]], step[2], step[4], self.langs[step[0]])]
        if not clean_again and len(back) <= max(1, _COINCIDENCES * len(steps)):
            return None
        return self._shown(clean_again or back, len(steps), "are edited at one severity but not at the next")

    def _reworded(self, steps: Sequence[_Step], grain: Grain) -> str | None:
        """Return examples of texts that no nested edits of this grain explain."""
        broken = [
            step
            for step in steps
            if not nests(pieces(self.texts[step[0]], self.langs[step[0]], grain), step[2], step[4])
        ]
        return (
            self._shown(broken, len(steps), "have an edit that takes another form at the next severity")
            if broken
            else None
        )

    def _shown(self, steps: Sequence[_Step], total: int, what: str) -> str:
        examples = [
            f"{self.langs[row]}, {self.texts[row][:60]!r}: {low[:60]!r} at {at:g} but {high[:60]!r} at {above:g}"
            for row, at, low, above, high in steps[:_SHOWN]
        ]
        return f"{len(steps)} of {total} edited texts {what}: {'; '.join(examples)}"

    def batch(self) -> str | None:
        together = self.made.apply_texts(self.texts, self.langs, severity=0.5, keys=self.keys)
        return self._differ(together, self._alone(0.5), "in a batch, but alone")


def _queries(perturbation: PreparedPerturbation) -> QuerySet:
    """Return what the laws are tried on: the samples, many times, and nasty texts; or the queries that it asks for."""
    examples = perturbation.example_queries()
    if examples is not None:
        return examples
    languages = perturbation.ready(sorted(set(SAMPLES) | set(perturbation.languages or ())))
    if not languages:
        needs = perturbation.needs or "list the languages that it serves in languages"
        raise SpecError(f"{perturbation.name} serves no language here, so there is nothing to check; {needs}")
    rows = [(lang, SAMPLES.get(lang, SAMPLES["en"])) for lang in languages for _ in range(_REPEATS)]
    rows += [(lang, text) for lang in languages for text in NASTY]
    langs, texts = zip(*rows, strict=True)
    ids = tuple(map(str, range(len(rows))))
    return QuerySet(ids, texts, langs, ids, ids)
