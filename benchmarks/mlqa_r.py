"""``mlqa-r``: question to sentence retrieval over the dev set of MLQA with LAReQA's protocol (Roy et al. 2020)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from robustir.benchmarks.xquad_r import XQuADR, titles_of

__all__ = ["MLQAR"]


class MLQAR(XQuADR):
    """Questions in seven languages, each asked in two to four of them; every sentence of every paragraph is a candidate.

    The relevant passages of a question are its answer's sentences in the languages that have the question. Groups are
    articles by their English title (every question exists in English), so en.json is always read.
    """

    name = "mlqa-r"
    languages = ("ar", "de", "en", "es", "hi", "vi", "zh")
    folder = "mlqa-r"
    licence = "CC-BY-NC-4.0"
    source = "https://github.com/google-research-datasets/lareqa @ 5405d2a77e83, mlqa-dev-r"

    def articles(self, folder: Path) -> Mapping[str, str]:
        """Return the English article of every question id."""
        return titles_of(folder / "en.json")
