"""How measures are spelled: robustir's own names, and those of trec_eval, ir_measures, MTEB, BEIR and papers."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from robustir.errors import SpecError

__all__ = ["Spelling", "read_spelling"]

# Other names, lower case and without blanks, hyphens and underscores.
_OTHERS = {
    "map": "AP", "averageprecision": "AP", "meanaverageprecision": "AP",
    "mrr": "RR", "reciprank": "RR", "reciprocalrank": "RR", "meanreciprocalrank": "RR",
    "ndcgcut": "nDCG", "mapcut": "AP",
    "precision": "P", "prec": "P", "recall": "R",
    "hits": "Hit", "hitrate": "Hit", "success": "Hit", "acc": "Hit", "accuracy": "Hit", "top": "Hit",
}  # fmt: skip
# NAME, NAME(rel=2), NAME@10; trec_eval writes NAME_10 or NAME.10, MTEB NAME_at_10.
_SPELLING = re.compile(
    r"(?P<name>[A-Za-z]+(?:[ _-][A-Za-z]+)*?)"
    r"(?:\(\s*rel\s*=\s*(?P<rel>[1-9][0-9]{0,17})\s*\))?"
    r"(?:(?:@|[_.]|[_ -]at[_ -])(?P<cutoff>[1-9][0-9]{0,8}))?"
)


@dataclass(frozen=True, slots=True)
class Spelling:
    """A measure as it was written: robustir's name, the cutoff, and the lowest gain that is relevant."""

    name: str
    cutoff: int | None
    rel: int


def _plain(name: str) -> str:
    return re.sub(r"[ _-]", "", name).lower()


def read_spelling(text: str, known: Sequence[str]) -> Spelling | str | None:
    """Return what ``text`` says, or the nearest name if it names no measure (None if nothing is near).

    known: robustir's names. Raises SpecError if the name exists but the rest cannot be read.
    """
    names = {name.lower(): name for name in known} | _OTHERS
    match = _SPELLING.fullmatch(text.strip())
    written = match["name"] if match else re.split(r"[@(.]|[_ ]at[_ ]|_[0-9]", text.strip(), maxsplit=1)[0]
    name = names.get(_plain(written))
    if name is None:
        near = difflib.get_close_matches(_plain(written), names, n=1, cutoff=0.7)
        return names[near[0]] if near else None
    if match is None:
        raise SpecError(
            f"{text!r}: write a measure as its name and a whole number of passages, for example {name}@10; a relevance "
            f"threshold comes before it, as in AP(rel=2)@100"
        )
    return Spelling(name, int(match["cutoff"]) if match["cutoff"] else None, int(match["rel"] or 1))
