"""Replace spans of a block of texts by other text, all at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from robustir.text.blocks import Block, ragged_arange

__all__ = ["splice", "splice_strings", "spliced_texts"]


def splice(
    block: Block,
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    replacement_codes: NDArray[np.uint32],
    replacement_starts: NDArray[np.int64],
    replacement_lengths: NDArray[np.int64],
) -> Block:
    """Return the block with each span ``codes[starts[i] : stops[i]]`` replaced by an entry of a table.

    Entry ``i`` is ``replacement_codes[replacement_starts[i] :][: replacement_lengths[i]]``; entries may overlap, repeat
    and be empty. Spans (code point positions, int64 [spans]) ascend, do not overlap and are inside one text each; an empty
    span inserts before its start, at the text's separator for the end of the text. Rows keep their number.
    """
    size = len(block.codes)
    begin, length = np.zeros((2, 2 * len(starts) + 1), dtype=np.int64)  # what is before a span, what replaces it, ...
    begin[2::2] = stops
    np.add(replacement_starts, size, out=begin[1::2])
    length[0:-1:2] = starts
    length[-1] = size
    length[0::2] -= begin[0::2]
    length[1::2] = replacement_lengths
    pool = np.concatenate([block.codes, replacement_codes.astype(np.uint32, copy=False)])
    grown = np.append(0, np.cumsum(replacement_lengths - (stops - starts)))
    return Block(pool.take(ragged_arange(begin, length)), block.offsets + grown[np.searchsorted(starts, block.offsets)])


def splice_strings(
    block: Block, starts: NDArray[np.int64], stops: NDArray[np.int64], replacements: Sequence[str]
) -> Block:
    """Return the block with span ``i`` replaced by ``replacements[i]``; spans as in :func:`splice`."""
    codes = np.frombuffer("".join(replacements).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    lengths = np.fromiter(map(len, replacements), dtype=np.int64, count=len(replacements))
    return splice(block, starts, stops, codes, np.cumsum(lengths) - lengths, lengths)


def spliced_texts(
    block: Block, starts: NDArray[np.int64], stops: NDArray[np.int64], replacements: Sequence[str]
) -> Iterator[tuple[int, str]]:
    """Yield (row, new text) of the texts that have a span; spans as in :func:`splice`.

    Where few texts have one, this is faster than :func:`splice_strings`: what is between spans is copied unchanged.
    """
    if not len(starts):
        return
    pieces = [""] * (2 * len(starts) + 1)
    pieces[1::2] = replacements
    kept = zip([0, *stops.tolist()], [*starts.tolist(), len(block.text)], strict=True)
    pieces[0::2] = [block.text[start:stop] for start, stop in kept]
    joined = "".join(pieces)
    grown = np.cumsum(np.fromiter(map(len, replacements), dtype=np.int64, count=len(replacements)) - (stops - starts))
    row = block.rows(starts)
    last = np.flatnonzero(np.diff(row, append=-1))  # of each text's spans
    rows = row[last]
    begin = block.offsets[rows] + np.append(0, grown[last[:-1]])
    end = block.offsets[rows + 1] + grown[last] - 1
    for text, start, stop in zip(rows.tolist(), begin.tolist(), end.tolist(), strict=True):
        yield text, joined[start:stop]
