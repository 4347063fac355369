"""Batches of texts of similar length, halved when memory is short."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from robustir.errors import EncoderError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["encode_batches", "plan_batches"]

_MORE = 4


def plan_batches(lengths: Sequence[int], batch_size: int, usual: int) -> list[list[int]]:
    """Return the numbers of the texts in batches, the longest first, so that memory runs out at once or never.

    A batch, padded to its longest text, holds as many tokens as ``batch_size`` texts of ``usual`` tokens, so that its
    memory does not depend on the length of texts (but it has at least one text); it holds at most four times
    ``batch_size`` texts. Equally long texts keep their order.

    Args:
        lengths: tokens per text.
        batch_size: texts of usual length per batch.
        usual: tokens of such a text.
    """
    texts, tokens = batch_size * _MORE, batch_size * usual
    order = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable").tolist()
    batches, first = [], 0
    while first < len(order):
        size = max(1, min(texts, tokens // max(1, lengths[order[first]])))
        batches.append(order[first : first + size])
        first += size
    return batches


class _Worker:
    """One device's share of the work; once its memory is short, its batches stay halved."""

    def __init__(self, name: str, forward: Callable[[list[int]], Tensor]) -> None:
        self._name = name
        self._forward = forward
        self._limit = 2**31

    def __call__(self, batch: list[int]) -> list[tuple[list[int], NDArray[np.float32]]]:
        """Return parts of a batch with their vectors, float32 [len(part), d]."""
        import torch

        done: list[tuple[list[int], NDArray[np.float32]]] = []
        first = 0
        while first < len(batch):
            part = batch[first : first + self._limit]
            try:
                with torch.inference_mode():
                    done.append((part, self._forward(part).float().cpu().numpy()))
            except RuntimeError as error:
                if not _is_short_memory(error):
                    raise
                if len(part) == 1:
                    raise EncoderError(
                        f"{self._name}: one text does not fit into the memory of the device; lower max_length, or use "
                        "dtype='bfloat16' or device='cpu'"
                    ) from error
                self._limit = len(part) // 2
                torch.cuda.empty_cache()
                continue
            first += len(part)
        return done


def _is_short_memory(error: RuntimeError) -> bool:
    """Whether a device or the machine ran out of memory; the CPU's allocator raises a plain RuntimeError."""
    import torch

    return isinstance(error, torch.cuda.OutOfMemoryError) or "can't allocate memory" in str(error)


def encode_batches(
    name: str,
    batches: Sequence[list[int]],
    forwards: Sequence[Callable[[list[int]], Tensor]],
    width: Callable[[], int],
) -> NDArray[np.float32]:
    """Return the vectors of all texts in order, float32 [n, d].

    Each device takes the next planned batch when it is free.

    Args:
        name: of the encoder, for messages.
        batches: numbers of texts.
        forwards: per device, a function from text numbers to their vectors.
        width: returns d; called if there is no text.

    Raises:
        EncoderError: if a single text is too large.
    """
    rows = sum(map(len, batches))
    workers = [_Worker(name, forward) for forward in forwards]
    numbers = count()  # its next() is atomic
    vectors: list[NDArray[np.float32]] = []

    def work(worker: _Worker) -> list[tuple[list[int], NDArray[np.float32]]]:
        done = []
        while (number := next(numbers)) < len(batches):
            done += worker(batches[number])
        return done

    if len(workers) == 1:
        parts = work(workers[0])
    else:
        with ThreadPoolExecutor(len(workers)) as pool:
            parts = [part for done in pool.map(work, workers) for part in done]
    for places, part in parts:
        if not vectors:
            vectors.append(np.empty((rows, part.shape[1]), dtype=np.float32))
        vectors[0][places] = part
    return vectors[0] if vectors else np.empty((0, width()), dtype=np.float32)
