"""What an attack must satisfy, tried on the mini benchmark; :mod:`robustir.kit.check` runs these for ``robustir check``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from robustir.contracts import AttackOutcome, Encoder, Scorer
from robustir.encoders.adapters import adapt
from robustir.errors import InputError
from robustir.languages import has_spaces
from robustir.noise.prepared import PreparedAttack
from robustir.plugins.registry import create
from robustir.seeds import derive_keys
from robustir.text.distance import realised_dose
from robustir.text.words import words
from robustir.types import QuerySet, Task

__all__ = ["attack_laws", "mini_task", "victim_of"]

_EVERY = 9  # of the mini benchmark's queries one in nine is attacked, in every language
_SEVERITIES = (0.2, 0.6)


def attack_laws(attack: PreparedAttack) -> list[tuple[str, Callable[[], str | None]]]:
    """Return the laws as (name, examination); an examination returns what broke the law, or None."""
    kit = _Kit(attack)
    laws = [
        ("it declares name, version and languages, and says why it does not nest", kit.declared),
        ("it refuses a text without a benchmark, with a message", kit.refuses),
        ("severity 0 returns the texts bit for bit", kit.identity),
        ("edits stay within the budget", kit.budget),
        ("edits are 0 for exactly the texts that did not change", kit.counts),
        ("the margin does not rise", kit.margins),
        ("the same keys give the same attack", kit.repeatable),
        ("one query's attack does not depend on which others are attacked with it", kit.subset),
        ("numbers stay", kit.numbers),
        ("the random control makes as many edits", kit.control),
        ("something changes in every language it claims", kit.effective),
    ]
    if attack.has_ladder:
        laws.append(("several severities at once give what each gives alone", kit.ladder))
    return laws


def mini_task() -> Task:
    """Return the benchmark on which attacks are tried."""
    task: Task = create("benchmark", "mini").load(None, None)
    return task


def victim_of(attack: PreparedAttack, task: Task) -> Encoder | Scorer:
    """Return the encoder that an attack names, or a fast one; a scorer has the task's corpus indexed."""
    victim: Any = adapt(create("encoder", attack.against or "hashing"))
    if not hasattr(victim, "encode"):
        victim.index(task.corpus)
    return victim  # type: ignore[no-any-return]


class _Kit:
    def __init__(self, attack: PreparedAttack) -> None:
        self.made = attack

    @cached_property
    def task(self) -> Task:
        return mini_task()

    @cached_property
    def queries(self) -> QuerySet:
        langs = self.task.queries.langs
        known = set(self.made.applicable(langs))
        rows = [row for row, lang in enumerate(langs) if lang in known]
        return self.task.queries.select(rows[::_EVERY])

    @cached_property
    def victim(self) -> Encoder | Scorer:
        return victim_of(self.made, self.task)

    @cached_property
    def outcomes(self) -> dict[float, AttackOutcome]:
        return dict(zip(_SEVERITIES, self._attack(self.queries, *_SEVERITIES), strict=True))

    def _keys(self, queries: QuerySet) -> list[bytes]:
        return derive_keys(("conformance",), queries.langs, queries.ids, 0)

    def _attack(self, queries: QuerySet, *severities: float) -> list[AttackOutcome]:
        return self.made.attack(queries, self.task, self.victim, severities=severities, keys=self._keys(queries))

    def _first(self, bad: Sequence[bool], texts: Sequence[str], why: str) -> str | None:
        row = next((row for row, broken in enumerate(bad) if broken), None)
        if row is None:
            return None
        return f"{self.queries.ids[row]}: {self.queries.texts[row][:60]!r} became {texts[row][:60]!r}: {why}"

    def declared(self) -> str | None:
        plugin = self.made.plugin
        if not (isinstance(plugin.name, str) and isinstance(plugin.version, str) and isinstance(plugin.against, str)):
            return "name, version and against must be strings"
        if plugin.languages is not None and not isinstance(plugin.languages, frozenset):
            return "languages must be None or a frozenset"
        return None if plugin.nested or self.made.nesting_note else "give it a nesting_note"

    def refuses(self) -> str | None:
        try:
            self.made.call("where is the nile", "en", severity=0.5, key=self._keys(self.queries)[0])
        except InputError:
            return None
        return "calling it with a text alone must raise SpecError and say that it runs in suites"

    def identity(self) -> str | None:
        texts = self._attack(self.queries, 0.0)[0].texts
        return self._first([a != b for a, b in zip(texts, self.queries.texts, strict=True)], texts, "edited")

    def budget(self) -> str | None:
        for severity, outcome in self.outcomes.items():
            most = [
                int(np.ceil(severity * len(words(text, lang))))
                for text, lang in zip(self.queries.texts, self.queries.langs, strict=True)
            ]
            bad = [edits > allowed for edits, allowed in zip(outcome.edits.tolist(), most, strict=True)]
            if fault := self._first(bad, outcome.texts, f"too many edits for severity {severity:g}"):
                return fault
        return None

    def counts(self) -> str | None:
        for outcome in self.outcomes.values():
            changed = [text != clean for text, clean in zip(outcome.texts, self.queries.texts, strict=True)]
            bad = [bool(edits) != differs for edits, differs in zip(outcome.edits.tolist(), changed, strict=True)]
            if fault := self._first(bad, outcome.texts, "its number of edits contradicts that"):
                return fault
        return None

    def margins(self) -> str | None:
        if self.made.objective != "margin":
            return None  # a worse rank may come with a larger margin
        for outcome in self.outcomes.values():
            bad = (outcome.margin_after > outcome.margin_before).tolist()
            if fault := self._first(bad, outcome.texts, "margin_after is above margin_before"):
                return fault
        return None

    def repeatable(self) -> str | None:
        again = self._attack(self.queries, *_SEVERITIES)[0].texts
        first = self.outcomes[_SEVERITIES[0]].texts
        return self._first([a != b for a, b in zip(again, first, strict=True)], again, "and then another text")

    def subset(self) -> str | None:
        rows = list(range(len(self.queries)))[::-3]
        part = self._attack(self.queries.select(rows), *_SEVERITIES)[0]
        whole = self.outcomes[_SEVERITIES[0]]
        texts = list(whole.texts)
        bad = [False] * len(texts)
        for row, text, asked in zip(rows, part.texts, part.encoder_queries.tolist(), strict=True):
            bad[row] = text != texts[row] or asked != whole.encoder_queries[row]
        return self._first(bad, texts, "the result differs in a subset")

    def ladder(self) -> str | None:
        for severity, outcome in self.outcomes.items():
            (alone,) = self._attack(self.queries, severity)
            other_text = [together != by_itself for together, by_itself in zip(outcome.texts, alone.texts, strict=True)]
            bad = (np.array(other_text) | (outcome.encoder_queries != alone.encoder_queries)).tolist()
            if fault := self._first(bad, outcome.texts, f"the result differs at severity {severity:g} alone"):
                return fault
        return None

    def numbers(self) -> str | None:
        def digits(text: str) -> str:
            return "".join(char for char in text if char.isdecimal())

        for outcome in self.outcomes.values():
            bad = [digits(text) != digits(clean) for text, clean in zip(outcome.texts, self.queries.texts, strict=True)]
            if fault := self._first(bad, outcome.texts, "a number changed"):
                return fault
        return None

    def control(self) -> str | None:
        edits = self.outcomes[_SEVERITIES[0]].edits
        texts = self.made.control(
            self.queries, self.task, edits=edits.tolist(), severity=_SEVERITIES[0], keys=self._keys(self.queries)
        )
        bad = [bool(n) != (a != b) for n, a, b in zip(edits.tolist(), texts, self.queries.texts, strict=True)]
        if fault := self._first(
            bad, texts, "edited although the attack did not edit it, or not edited although it did"
        ):
            return fault
        spaced = [has_spaces(lang) for lang in self.queries.langs]  # there an edit may move word boundaries
        rate = realised_dose(self.queries.texts, texts, self.queries.langs).word_edit_rate
        most = [
            n / max(1, len(words(t, g))) for n, t, g in zip(edits, self.queries.texts, self.queries.langs, strict=True)
        ]
        return self._first(
            [s and r > m + 1e-9 for s, r, m in zip(spaced, rate, most, strict=True)], texts, "more words changed"
        )

    def effective(self) -> str | None:
        changed: set[str] = set()
        for outcome in self.outcomes.values():
            changed |= {lang for lang, edits in zip(self.queries.langs, outcome.edits, strict=True) if edits}
        idle = sorted(set(self.queries.langs) - changed)
        return f"nothing changed in {', '.join(idle)}: leave them out of languages" if idle else None
