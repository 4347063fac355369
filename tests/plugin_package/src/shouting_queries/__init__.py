"""A perturbation that writes some words in capitals: what a plugin author would write after reading the docs."""

from __future__ import annotations

import re

from robustir.seeds import Stream


class Shouting:
    """Words in capitals, as in messages typed with caps lock on."""

    name = "shouting"
    version = "1"
    languages = frozenset({"de", "el", "en", "es", "ru", "tr", "vi"})
    nested = True
    claims = frozenset({"keeps-numbers", "keeps-sound", "survives-nfkc"})
    severity_meaning = "expected share of words in capitals"
    source = "written for a test"

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        """Return ``text`` with a share of its words in capitals."""
        parts = re.split(r"(\s+)", text)
        return "".join(
            capitals(part, lang) if rng.uniform(index) < severity else part for index, part in enumerate(parts)
        )


def capitals(word: str, lang: str) -> str:
    """Return a word in capitals; the Turkish i keeps its dot."""
    return (word.replace("i", "İ") if lang == "tr" else word).upper()
