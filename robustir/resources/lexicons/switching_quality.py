"""How often code-switching writes a right translation, weighted by the words that it switches in real queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from robustir.perturbations.code_switch import CodeSwitch
from robustir.perturbations.tables.lexicons import fold
from robustir.perturbations.tables.switches import is_function_word, same_word
from robustir.resources.lexicons.lexicon_quality import compared

__all__ = ["Switched", "inverted", "judge_switches", "through_english"]

Reference = Mapping[str, set[str]]


@dataclass(frozen=True, slots=True)
class Switched:
    """Counts of words in texts. words: all; switched: at severity 1; judged: of those, the ones that the reference lists.

    right: translations that the reference lists; form: those and other forms of one that it lists.
    """

    words: int
    switched: int
    judged: int
    right: int
    form: int


def inverted(reference: Reference) -> dict[str, set[str]]:
    """Return a reference in the other direction."""
    found: dict[str, set[str]] = {}
    for word, others in reference.items():
        for other in others:
            found.setdefault(other, set()).add(word)
    return found


def through_english(first: Reference, second: Reference) -> dict[str, set[str]]:
    """Return the reference from one language to another: first is from it into English, second from English."""
    return {
        word: {other for middle in middles for other in second.get(middle, ())}
        for word, middles in first.items()
        if any(middle in second for middle in middles)
    }


def judge_switches(texts: Sequence[str], lang: str, into: str, reference: Reference) -> dict[str, Switched]:
    """Return counts for "content" and "function" words: what becomes of each eligible word, against the reference.

    reference: folded translations of folded words of ``lang``, as :func:`compared` gives both.
    """
    found: dict[str, list[int]] = {"content": [0] * 5, "function": [0] * 5}
    for word, switched in CodeSwitch(into).best_switches(texts, lang):
        counts = found["function" if is_function_word(fold(word, lang), lang) else "content"]
        counts[0] += 1
        if not switched:
            continue
        counts[1] += 1
        known = reference.get(compared(word, lang))
        if known:
            new = compared(switched, into)
            counts[2] += 1
            counts[3] += new in known
            counts[4] += _is_form(new, known, into)
    return {kind: Switched(*counts) for kind, counts in found.items()}


def _is_form(new: str, known: Iterable[str], into: str) -> bool:
    return any(same_word(new, other, into) for other in known)
