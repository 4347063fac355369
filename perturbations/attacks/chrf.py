"""chrF: the F-score of character n-grams, a measure of closeness that depends on no encoder."""

from __future__ import annotations

from collections import Counter

__all__ = ["chrf"]

_ORDER = 6
_BETA = 2.0


def chrf(text: str, reference: str) -> float:
    """Return sentence-level chrF2 in [0, 1] without white space (Popović 2015), over the orders that both texts have."""
    noisy, clean = "".join(text.split()), "".join(reference.split())
    if noisy == clean:
        return 1.0
    precisions, recalls = [], []
    for order in range(1, _ORDER + 1):
        ours = Counter(noisy[at : at + order] for at in range(len(noisy) - order + 1))
        theirs = Counter(clean[at : at + order] for at in range(len(clean) - order + 1))
        if ours and theirs:
            shared = (ours & theirs).total()
            precisions.append(shared / ours.total())
            recalls.append(shared / theirs.total())
    if not precisions:
        return 0.0
    precision, recall = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    if not precision + recall:
        return 0.0
    return (1 + _BETA**2) * precision * recall / (_BETA**2 * precision + recall)
