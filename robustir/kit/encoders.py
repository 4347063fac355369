"""What an encoder must satisfy; :mod:`robustir.kit.check` runs these for ``robustir check``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustir.contracts import Role
from robustir.vectors.store import check_vectors

__all__ = ["encoder_laws"]

_ROLES: tuple[Role, ...] = ("query", "passage")
# How much a vector may change with its neighbours: padding and other shapes of matrix products change the last bits, about
# 1e-6 in float32 and 4e-3 in half precision.
_TOLERANCE = 1e-4
_HALF_TOLERANCE = 2e-2
_MANY = 3  # times the texts are repeated, so that a batch is larger than one of most encoders


def encoder_laws(
    encoder: Any, texts: Sequence[str], langs: Sequence[str]
) -> list[tuple[str, Callable[[], str | None]]]:
    """Return the laws as (name, examination); an examination returns what broke the law, or None."""
    kit = _Kit(encoder, list(texts), list(langs))
    return [
        ("it declares name, revision and whether it uses languages", kit.declared),
        ("vectors are finite float32 [n, d], of one width for queries and passages", kit.shapes),
        ("an empty text has a vector, and an empty list has none", kit.empty),
        ("two calls give the same bits", kit.repeatable),
        ("the order of texts does not matter", kit.order),
        ("the size of the batch does not matter", kit.batch_size),
        ("a text that occurs twice has one vector", kit.twice),
        ("different texts have different vectors", kit.distinct),
        ("an unknown role is not taken for a known one", kit.roles),
        ("languages matter only if uses_langs says so", kit.languages),
        ("texts and random states stay unchanged", kit.untouched),
    ]


class _Kit:
    def __init__(self, encoder: Any, texts: list[str], langs: list[str]) -> None:
        self.encoder = encoder
        self.texts = texts
        self.langs = langs

    def _vectors(self, texts: Sequence[str], langs: Sequence[str] | None, role: Role = "query") -> NDArray[np.float32]:
        vectors = self.encoder.encode(list(texts), role=role, langs=None if langs is None else list(langs))
        return check_vectors(vectors, len(texts), str(self.encoder.name))

    @cached_property
    def _usual(self) -> NDArray[np.float32]:
        return self._vectors(self.texts, self.langs)

    @cached_property
    def _tolerance(self) -> float:
        half = str(getattr(self.encoder, "dtype", "float32")) in {"float16", "bfloat16"}
        return _HALF_TOLERANCE if half else _TOLERANCE

    def _differ(self, first: NDArray[np.float32], second: NDArray[np.float32], words: str) -> str | None:
        """Say where vectors differ by more than their last bits (at all, if batch_invariant is declared)."""
        if getattr(self.encoder, "batch_invariant", False):
            rows = np.flatnonzero((first != second).any(axis=1))
            reason = "batch_invariant is declared, but the bits of"
        else:
            scale = self._tolerance * np.maximum(1.0, np.abs(first).max(axis=1, keepdims=True))
            rows = np.flatnonzero((np.abs(first - second) > scale).any(axis=1))
            reason = f"by up to {float(np.abs(first - second).max()):.2g} the vectors of"
        if not len(rows):
            return None
        shown = self.texts[int(rows[0]) % len(self.texts)][:40]
        return f"{reason} {shown!r} and {len(rows) - 1} other texts differ {words}"

    def declared(self) -> str | None:
        encoder = self.encoder
        if not isinstance(encoder.name, str) or not encoder.name:
            return "name must be a non-empty string"
        if not isinstance(encoder.revision, str) or not encoder.revision:
            return "revision must be a string that identifies everything that changes the vectors"
        first, second = encoder.revision, encoder.revision  # a property may give another string each time
        if first != second:
            return "revision differs each time it is read, so no stored vector would ever be found"
        return None if isinstance(encoder.uses_langs, bool) else "uses_langs must be a bool"

    def shapes(self) -> str | None:
        widths = {self._vectors(self.texts, self.langs, role).shape[1] for role in _ROLES}
        return (
            None if len(widths) == 1 else f"queries and passages have {sorted(widths)} dimensions; they must be equal"
        )

    def empty(self) -> str | None:
        lone = self._vectors([""], self.langs[:1])
        if lone.shape[1] != self._usual.shape[1]:
            return f"an empty text alone has {lone.shape[1]} dimensions"
        none = np.asarray(self.encoder.encode([], role="query", langs=[]))
        return None if none.shape == lone[:0].shape else f"an empty list gave the shape {list(none.shape)}"

    def repeatable(self) -> str | None:
        again = self._vectors(self.texts, self.langs)
        if np.array_equal(self._usual, again):
            return None
        return f"they differ by up to {float(np.abs(self._usual - again).max()):.2g}: is dropout on, or a seed missing?"

    def order(self) -> str | None:
        backward = self._vectors(self.texts[::-1], self.langs[::-1])[::-1]
        return self._differ(self._usual, backward, "in reverse order")

    def batch_size(self) -> str | None:
        alone = [self._vectors([text], [lang]) for text, lang in zip(self.texts, self.langs, strict=True)]
        fault = self._differ(self._usual, np.concatenate(alone), "one at a time")
        if fault:
            return fault
        many = self._vectors(self.texts * _MANY, self.langs * _MANY)
        return self._differ(np.tile(self._usual, (_MANY, 1)), many, "among more texts")

    def twice(self) -> str | None:
        both = self._vectors([self.texts[0], *self.texts, self.texts[0]], [self.langs[0], *self.langs, self.langs[0]])
        return self._differ(both[:1], both[-1:], "in two places")

    def distinct(self) -> str | None:
        samples = [number for number, text in enumerate(self.texts) if len(text.split()) > 3]
        vectors = np.unique(self._usual[samples], axis=0)
        return (
            None if len(vectors) == len(samples) else f"{len(samples)} different sentences have {len(vectors)} vectors"
        )

    def roles(self) -> str | None:
        role: Any = "no such role"
        try:
            vectors = self.encoder.encode(self.texts[:1], role=role, langs=self.langs[:1])
        except Exception:  # noqa: BLE001 - it is refused, by whatever error
            return None
        query, passage = (self._vectors(self.texts[:1], self.langs[:1], known) for known in _ROLES)
        if np.array_equal(query, passage) or not any(np.array_equal(vectors, known) for known in (query, passage)):
            return None
        return "queries and passages are encoded differently, yet an unknown role is encoded like one of the two"

    def languages(self) -> str | None:
        if self.encoder.uses_langs:
            return None
        without = self._vectors(self.texts, None)
        if not np.array_equal(without, self._usual):
            return "vectors differ without langs, but uses_langs is False"
        other = self._vectors(self.texts, self.langs[::-1])
        return (
            None if np.array_equal(other, self._usual) else "vectors differ with other langs, but uses_langs is False"
        )

    def untouched(self) -> str | None:
        import random

        random.seed(1)
        np.random.seed(1)  # noqa: NPY002 - the global state is what is examined
        before = (random.getstate(), repr(np.random.get_state()))  # noqa: NPY002 - as above
        texts, langs = list(self.texts), list(self.langs)
        self.encoder.encode(texts, role="query", langs=langs)
        if texts != self.texts or langs != self.langs:
            return "the list of texts or languages was changed"
        after = (random.getstate(), repr(np.random.get_state()))  # noqa: NPY002 - as above
        return None if before == after else "the state of random or numpy.random changed; use a generator of your own"
