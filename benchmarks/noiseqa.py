"""``noiseqa``: XQuAD's English questions as people or systems noised them (Ravichander et al. 2021) on XQuAD-R."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from robustir.benchmarks.files import chosen_languages, find_folder
from robustir.benchmarks.xquad_r import XQuADR
from robustir.disk.reading import read_json_lines
from robustir.errors import DataError, SpecError
from robustir.types import Task

__all__ = ["NoiseQA"]

_KINDS = ("natural", "synthetic")
_NOISES = ("keyboard", "asr", "translation", "none")


class NoiseQA:
    """Noisy English questions against the English sentences of XQuAD-R.

    The noise is in the benchmark's own queries, so perturbations come on top of it. To measure what the noise costs,
    run the suite ``noiseqa``: it takes the same questions as a perturbation of XQuAD-R, paired query by query.

    Args:
        kind: "natural" or "synthetic".
        noise: "keyboard", "asr" or "translation" (natural: from German); "none": the clean questions, in English alone, for
            noise that comes as a perturbation.
    """

    name = "noiseqa"
    languages: tuple[str, ...] = ("en",)
    folder = "noiseqa"
    licence = "MIT (texts CC-BY-SA-4.0)"
    source = "https://github.com/noiseQA/NoiseQA @ 25c49cea2b54, on XQuAD-R"

    def __init__(self, noise: str = "keyboard", kind: str = "natural") -> None:
        if noise not in _NOISES or kind not in _KINDS:
            raise SpecError(f"noiseqa: noise must be one of {', '.join(_NOISES)}, kind one of {', '.join(_KINDS)}")
        self.noise = noise
        self.kind = kind

    def load(self, data: Path | None, languages: Sequence[str] | None = None) -> Task:
        """Return the task from ``data/noiseqa`` and ``data/xquad-r/en.json``."""
        chosen = chosen_languages(languages, self.languages, self.name)
        if self.noise == "none":
            return replace(XQuADR().load(data, chosen), name="noiseqa-clean")
        folder = find_folder(data, self.folder, self)
        path = folder / self.kind / f"xquad-{self.noise}-{self.kind}.jsonl"
        if (self.noise, self.kind) == ("translation", "natural"):
            path = folder / "translations" / "xquad-context-en-question-de.jsonl"
        noisy = {row["_id"]: row["text"] for _, row in read_json_lines(path, ("_id", "text"))}
        clean = XQuADR().load(data, chosen)
        lost = [name for name in clean.queries.source_ids if name not in noisy]
        if lost:
            raise DataError(f"{path} lacks {len(lost)} of XQuAD's questions, such as {lost[0]}; get it again")
        return replace(
            clean,
            name=f"noiseqa-{self.noise}-{self.kind}",
            queries=clean.queries.with_texts([noisy[name] for name in clean.queries.source_ids]),
            licence=self.licence,
            source=self.source,
        )
