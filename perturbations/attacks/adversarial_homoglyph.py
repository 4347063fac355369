"""Attacks by look-alike characters, apart from other swaps: a reader sees no difference, a tokenizer does."""

from __future__ import annotations

from typing import ClassVar

from robustir.perturbations.attacks.adversarial import Adversarial
from robustir.perturbations.attacks.victims import Objective
from robustir.perturbations.homoglyph import Homoglyph

__all__ = ["AdversarialHomoglyph"]


class AdversarialHomoglyph(Adversarial):
    """Swaps one character of a word for one that looks like it, chosen to drag the relevant passage down.

    It is ``adversarial`` with look-alikes as the only swaps, and takes its other arguments; its results are never pooled
    with those of other swaps.
    """

    name: ClassVar[str] = "adversarial-homoglyph"
    version: str = "3"
    # Too few Chinese characters have a look-alike for an attack to find one in most queries.
    languages: frozenset[str] | None = (Homoglyph.languages or frozenset()) - {"zh"}
    known_swaps: ClassVar[tuple[str, ...]] = ("homoglyph",)
    source: ClassVar[str] = (
        f"search: {Adversarial.source}; homoglyphs as an attack after Boucher et al. 2022 (Bad Characters); look-alikes: "
        "the source field of each file in perturbations/data/homoglyph"
    )

    def __init__(
        self,
        against: object = "",
        *,
        passages: str = "same",
        search: str = "greedy",
        width: int = 4,
        candidates: int = 8,
        gate: float = 0.0,
        objective: Objective = "margin",
    ) -> None:
        super().__init__(
            against,
            passages=passages,
            swaps=self.known_swaps,
            search=search,
            width=width,
            candidates=candidates,
            gate=gate,
            objective=objective,
        )
