"""How long a query may be: a text of a million characters among questions is a pasted log, and nobody's query."""

from __future__ import annotations

from collections.abc import Sequence

from robustir.errors import DataError

__all__ = ["LONGEST", "check_lengths"]

LONGEST = 100_000  # characters, unless another number is asked for


def check_lengths(where: str, ids: Sequence[str], texts: Sequence[str], longest: int) -> None:
    """Raise DataError, naming the first and counting the others, if texts have more than ``longest`` characters.

    They are refused, not left out or left without noise: either would change what scores are means of.
    """
    beyond = [row for row, text in enumerate(texts) if len(text) > longest]
    if not beyond:
        return
    length = max(len(texts[row]) for row in beyond)
    others = {0: "", 1: ", and 1 other is too long as well"}.get(
        len(beyond) - 1, f", and {len(beyond) - 1:,} others are too long as well"
    )
    raise DataError(
        f"{where} {ids[beyond[0]]!a:.100} has {len(texts[beyond[0]]):,} characters, more than {longest:,}{others}; shorten or "
        f"leave out such texts, or allow it with  --longest {length}  (in a suite  longest = {length} )"
    )
