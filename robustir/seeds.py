"""Keyed random streams: every draw is a hash of a key and a counter, so it depends on nothing else.

No global state, no order, no worker count: the noise of one query is a function of its own key. A draw is
``mix(mix(k0 + index * GOLDEN) ^ (k1 + slot * ODD))`` with the splitmix64 finaliser (Steele, Lea & Flood 2014),
addressed by ``index`` (the unit: a word, a cluster) and ``slot`` (the decision within it). :func:`uniforms` and
:class:`Draws` give the same numbers for whole arrays that :class:`Stream` gives one by one.
"""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["KEY_BYTES", "Draws", "Stream", "derive_key", "derive_keys", "key_array", "mixed", "uniforms"]

T = TypeVar("T")

KEY_BYTES = 16
_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_ODD = 0xD1342543DE82EF95
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB
_TO_UNIT = 2.0**-53
_SEQUENTIAL = 1 << 62  # sequential draws use indexes far from any addressed one


def _frame(part: str | int) -> bytes:
    raw = str(part).encode("utf-8", "surrogatepass")
    return len(raw).to_bytes(4, "little") + raw


def derive_key(*parts: str | int) -> bytes:
    """Return the 16-byte key of ``parts``; lengths are framed, so ("a", "bc") and ("ab", "c") differ."""
    return blake2b(b"".join(map(_frame, parts)), digest_size=KEY_BYTES).digest()


def derive_keys(prefix: Sequence[str | int], langs: Sequence[str], ids: Sequence[str], draw: int) -> list[bytes]:
    """Return ``derive_key(*prefix, lang, id, draw)`` for many texts."""
    return list(_derive_keys(tuple(prefix), tuple(langs), tuple(ids), draw))


@lru_cache(maxsize=4)  # all severities of a draw have the same keys
def _derive_keys(prefix: tuple[str | int, ...], langs: tuple[str, ...], ids: tuple[str, ...], draw: int) -> list[bytes]:
    begun = blake2b(b"".join(map(_frame, prefix)), digest_size=KEY_BYTES).copy
    tail = _frame(draw)
    keys = []
    for framed in _framed(langs, ids):
        digest = begun()
        digest.update(framed + tail)
        keys.append(digest.digest())
    return keys


@lru_cache(maxsize=4)  # every draw of every perturbation has the same queries
def _framed(langs: tuple[str, ...], ids: tuple[str, ...]) -> list[bytes]:
    of_lang = {lang: _frame(lang) for lang in set(langs)}
    return [of_lang[lang] + _frame(name) for lang, name in zip(langs, ids, strict=True)]


def _mix(value: int) -> int:
    value = ((value ^ (value >> 30)) * _MIX_1) & _MASK
    value = ((value ^ (value >> 27)) * _MIX_2) & _MASK
    return value ^ (value >> 31)


class Stream:
    """The random stream of one text.

    Addressed draws (``uniform(index, slot)``) make nesting easy: they do not depend on what was drawn before.
    Sequential draws (``random()``, ``choice`` ...) are for plugins that do not nest. :meth:`at` gives
    the child stream of one unit.
    """

    __slots__ = ("_k0", "_k1", "_position", "key")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a stream key must have {KEY_BYTES} bytes, not {len(key)}; make one with derive_key")
        self.key = key
        self._k0 = int.from_bytes(key[:8], "little")
        self._k1 = int.from_bytes(key[8:], "little")
        self._position = 0

    def __repr__(self) -> str:
        return f"Stream({self.key.hex()})"

    def bits(self, index: int, slot: int = 0) -> int:
        """Return 64 random bits at an address."""
        inner = _mix((self._k0 + index * _GOLDEN) & _MASK)
        return _mix(inner ^ ((self._k1 + slot * _ODD) & _MASK))

    def uniform(self, index: int, slot: int = 0) -> float:
        """Return the uniform number in [0, 1) at an address."""
        return (self.bits(index, slot) >> 11) * _TO_UNIT

    def at(self, index: int) -> Stream:
        """Return the stream of unit ``index``, independent of its neighbours'."""
        return Stream(
            self.bits(index, -1 & _MASK).to_bytes(8, "little") + self.bits(index, -2 & _MASK).to_bytes(8, "little")
        )

    def random(self) -> float:
        """Return the next uniform number in [0, 1)."""
        self._position += 1
        return self.uniform(_SEQUENTIAL + self._position)

    def randrange(self, stop: int) -> int:
        """Return the next integer in [0, stop)."""
        if stop <= 0:
            raise ValueError("randrange: stop must be above 0")
        return int(self.random() * stop)

    def choice(self, options: Sequence[T]) -> T:
        """Return one of ``options``."""
        return options[self.randrange(len(options))]

    def shuffle(self, items: MutableSequence[T]) -> None:
        """Shuffle in place (Fisher & Yates)."""
        for last in range(len(items) - 1, 0, -1):
            other = self.randrange(last + 1)
            items[last], items[other] = items[other], items[last]


def key_array(keys: Sequence[bytes]) -> NDArray[np.uint64]:
    """Return 16-byte keys as a uint64 array of shape [n, 2]."""
    import numpy as np

    return np.frombuffer(b"".join(keys), dtype="<u8").reshape(-1, 2)


def uniforms(
    keys: NDArray[np.uint64], index: NDArray[np.integer], slot: int | NDArray[np.integer] = 0
) -> NDArray[np.float64]:
    """Return ``Stream(key).uniform(index, slot)`` elementwise.

    keys: uint64 [m, 2], the key of each element (``key_array(keys)[rows]``); index, slot: integers [m]. Returns float64 [m].
    """
    return Draws(keys, index).uniform(slot)


class Draws:
    """The uniform numbers of many addresses, for many decisions: half of the hash is computed once for all slots.

    keys: uint64 [m, 2]; index: integers [m]; as in :func:`uniforms`.
    """

    __slots__ = ("_inner", "_k1")

    def __init__(self, keys: NDArray[np.uint64], index: NDArray[np.integer]) -> None:
        import numpy as np

        self._inner = mixed(keys[:, 0] + np.asarray(index).astype(np.uint64) * np.uint64(_GOLDEN))
        self._k1 = keys[:, 1]

    def uniform(
        self, slot: int | NDArray[np.integer], chosen: NDArray[np.integer] | None = None
    ) -> NDArray[np.float64]:
        """Return the numbers of one slot; chosen: int64 [c], the elements asked for, by default all."""
        import numpy as np

        inner, k1 = (self._inner, self._k1) if chosen is None else (self._inner.take(chosen), self._k1.take(chosen))
        # A product of two scalars that overflows would warn.
        add = np.uint64(slot * _ODD & _MASK) if isinstance(slot, int) else slot.astype(np.uint64) * np.uint64(_ODD)
        outer = mixed(inner ^ (k1 + add))
        outer >>= np.uint64(11)
        return outer.view(np.int64).astype(np.float64) * _TO_UNIT


def mixed(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return what the finaliser of splitmix64 makes of each number, uint64, in the array that is given."""
    import numpy as np

    spare = value >> np.uint64(30)
    value ^= spare
    value *= np.uint64(_MIX_1)
    np.right_shift(value, np.uint64(27), out=spare)
    value ^= spare
    value *= np.uint64(_MIX_2)
    np.right_shift(value, np.uint64(31), out=spare)
    value ^= spare
    return value
