"""How near the noise channel comes to the systems that it was estimated from, on lines that it has not seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from robustir.perturbations.attacks.chrf import chrf
from robustir.perturbations.mt.mt_instead import Options
from robustir.perturbations.mt.mt_noise import Channel
from robustir.resources.translation_noise.mt_alignment import Sentence
from robustir.resources.translation_noise.mt_channel import Outputs, estimate
from robustir.seeds import derive_keys, key_array

__all__ = ["Closeness", "Likeness", "closeness", "evaluate_pair"]


@dataclass(frozen=True, slots=True)
class Closeness:
    """How close texts are to references.

    chrf: mean of chrF2 over lines, 0 to 1; words: the same of folded words, without case and punctuation; wer: edits of
    folded words per word of the references.
    """

    chrf: float
    words: float
    wer: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """One system against the channel that stands for it: what the best system made, made noisy to the system's degree."""

    source: str
    target: str
    best: str
    system: str
    best_scores: Closeness
    system_scores: Closeness
    channel_scores: Closeness

    def as_row(self) -> dict[str, str | float]:
        """Return the figures as a row of a table."""
        row: dict[str, str | float] = {"name": f"{self.source}-{self.target}", "best": self.best, "system": self.system}
        for measure in ("chrf", "words", "wer"):
            for whose, scores in (
                ("best", self.best_scores),
                ("system", self.system_scores),
                ("channel", self.channel_scores),
            ):
                row[f"{measure} {whose}"] = round(getattr(scores, measure), 4)
        return row


def closeness(texts: Sequence[str], references: Sequence[str], lang: str) -> Closeness:
    """Compare texts with references, line by line; words as everywhere in robustir."""
    from rapidfuzz.distance import Levenshtein

    made, right = Sentence.all_of(texts, lang), Sentence.all_of(references, lang)
    edits = sum(Levenshtein.distance(one.words, other.words) for one, other in zip(made, right, strict=True))
    whole = [chrf(text, reference) for text, reference in zip(texts, references, strict=True)]
    letters = [chrf(" ".join(one.words), " ".join(other.words)) for one, other in zip(made, right, strict=True)]
    return Closeness(
        sum(whole) / len(whole), sum(letters) / len(letters), edits / sum(len(each.words) for each in right)
    )


def evaluate_pair(data: Path, source: str, target: str) -> Iterator[Likeness]:
    """Estimate a channel on the odd lines for each open system; compare it with the system on the even ones."""
    outputs = Outputs(data, source, target)
    lines = range(len(outputs.references))
    table = estimate(outputs, lines[0::2])
    references, best = (
        [some[line] for line in lines[1::2]] for some in (outputs.references, outputs.systems[table.best])
    )
    keys = key_array(derive_keys(("mt-channel evaluate",), [target] * len(best), [str(at) for at in lines[1::2]], 0))
    before = closeness(best, references, target)
    for system in table.systems:
        made = [outputs.systems[system][line] for line in lines[1::2]]
        noisy = Channel(
            best, (source, target), table.rates(system), Options.of(table.pool.items(), target), 1.0, keys
        ).noisy()
        after = closeness(made, references, target), closeness(noisy, references, target)
        yield Likeness(source, target, table.best, system, before, *after)
