"""Texts of one language as a hasty typist writes them: the one way to typing errors, for noise and for attacks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robustir.perturbations.typing.edits import apply
from robustir.perturbations.typing.key_table import key_table
from robustir.perturbations.typing.keyboards import layout
from robustir.perturbations.typing.rates import rates
from robustir.perturbations.typing.telex_errors import telex_errors
from robustir.perturbations.typing.typed_units import read, reading
from robustir.perturbations.typing.typing_errors import Typist
from robustir.text.blocks import Block

__all__ = ["mistyped"]

_MANY = 256  # texts that are worth keeping as they were read: few take no time


def mistyped(
    texts: Sequence[str],
    lang: str,
    severity: float,
    keys: NDArray[np.uint64],
    operations: Sequence[str],
    mix: str = "natural",
    *,
    whole: bool = False,
) -> list[str]:
    """Return the texts with typing errors in a share of their words.

    severity: above 0; keys: uint64 [texts, 2]; operations: some of rates.OPERATIONS; mix: one of rates.MIXES; whole: each
    text is one word.
    """
    known = rates(lang, mix, tuple(operations))
    table = key_table(lang, mix)
    again = not whole and len(texts) >= _MANY
    read_texts = reading(tuple(texts), lang, mix) if again else read(Block.join(texts), lang, table, whole=whole)
    block = read_texts.block
    typist = Typist(read_texts, table, known, keys)
    if layout(lang).input_method == "telex":
        return telex_errors(typist, block, known, keys, severity).texts()
    edits = typist.edits(severity)
    return apply(edits, block, typist.units).texts() if len(edits) else block.texts()
