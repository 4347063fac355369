"""Machine translation noise without a model: words are lost, replaced, moved and added as often as in the output of real systems."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.errors import SpecError
from robustir.languages import LANGUAGES
from robustir.perturbations.mt.mt_instead import Options
from robustir.perturbations.mt.mt_noise import STRONGEST, Channel
from robustir.perturbations.mt.mt_rates import Rates, load_table
from robustir.perturbations.shared.rule_based import RuleBased

__all__ = ["MTChannel"]

_OTHERS = tuple(lang for lang in LANGUAGES if lang != "en")


class MTChannel(RuleBased):
    """A noise channel that makes the errors of translation into the query's language, beyond those of the best system.

    Rates come from what real systems made of FLORES dev, per pair and class of word (function words, common and rare
    words, names, numbers). A word is dropped, or gives way to another translation of its translation, to another form,
    to a less related word or to its source word, never to its opposite; names are spelled otherwise by sound or left out,
    numbers stay or are left out. Of no class more is lost than the worst system loses. Words move, and function words and
    second translations are added.

    Args:
        source: code of the language that queries are translated from; by default English queries come from German,
            all others from English. Systems are measured from and into English alone.
        system: name of the measured system that severity 0.5 stands for, in each pair that has it; by default the worst.

    Raises:
        SpecError: for a language without measured systems, or an unknown system.
    """

    name: ClassVar[str] = "mt-channel"
    version: ClassVar[str] = "6"
    languages: ClassVar[frozenset[str] | None] = frozenset(LANGUAGES)
    nested: bool = False
    nesting_note: ClassVar[str] = (
        "every word's fate is drawn before the severity is looked at, but a word that moves at a higher severity takes its edit "
        "along, and one that moved at a lower severity may be lost at a higher one"
    )
    claims: ClassVar[frozenset[str]] = frozenset({"survives-nfkc"})
    severity_meaning: ClassVar[str] = (
        "0: the best measured system, no noise; 0.5: the excess errors of the worst open system of the pair (or of system=) "
        "over the best; 1: twice these; linear between"
    )
    source: ClassVar[str] = (
        "translations of FLORES dev by OPUS-MT, Argos, Bergamot and NLLB, from mozilla/firefox-translations-models, counted "
        "against FLORES dev (CC BY-SA 4.0): robustir mt-channel build"
    )

    def __init__(self, source: str | None = None, system: str = "") -> None:
        if source is not None and source not in LANGUAGES:
            raise SpecError(f"mt-channel has no systems from {source!r}; source is one of {', '.join(LANGUAGES)}")
        self.source_lang, self.system = source, system
        if source is not None:  # systems are measured from and into English alone
            vars(self)["languages"] = frozenset(_OTHERS if source == "en" else ("en",))
        if system:
            known = [lang for lang in sorted(self.languages or ()) if system in load_table(*self._pair(lang)).systems]
            if not known:
                raise SpecError(f"mt-channel has no system {system!r} {f'from {source} ' if source else ''}")
            vars(self)["languages"] = frozenset(known)

    def _pair(self, lang: str) -> tuple[str, str]:
        return self.source_lang or ("de" if lang == "en" else "en"), lang

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the texts as translation would have left them."""
        pair = self._pair(lang)
        return Channel(texts, pair, *_noise(*pair, self.system), STRONGEST * severity, keys).noisy()


@cache
def _noise(source: str, target: str, system: str) -> tuple[Rates, Options]:
    """Return the rates of a system, and the function words that systems of the pair add."""
    table = load_table(source, target)
    return table.rates(system), Options.of(table.pool.items(), target)
