"""Matrix products that give the same bits whatever the BLAS, its threads, its kernels or the shape of the block.

Resampling multiplies integer weights (bootstrap counts, signs) with group sums. Rounding every row of sums to a
multiple of a power of two that is small enough (52 bits below the largest possible result) makes all products and
partial sums integers below 2**53: floating point then adds without rounding, and the order of addition cannot show. The
price is an error of at most half a unit for every group drawn, a unit being at most 2**-51 of the largest result.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["exact_products", "to_integers"]

Floats = NDArray[np.float64]

_BITS = 52
_MAX_EXPONENT = 1000  # keeps the scale finite; values below 2**-1001 become 0


def to_integers(values: Floats, bound: float) -> tuple[Floats, Floats]:
    """Return integers [k, g] (as float64) and scales [k] with ``values`` ~ ``integers / scale``.

    ``bound`` is the largest sum of absolute weights that a row will be multiplied with; scales are powers of two, so that
    every weighted sum of a row's integers fits the 53 bits of a float64.
    """
    largest = np.abs(values).max(axis=1, initial=0.0)
    _, exponent = np.frexp(largest * bound)
    scale = np.ldexp(1.0, np.minimum(_BITS - exponent, _MAX_EXPONENT))
    return np.rint(values * scale[:, None]), scale


def exact_products(values: Floats, weights: Floats, bound: float) -> Floats:
    """Return ``values @ weights.T``, float64 [k, b], from values [k, g] and integer-valued weights [b, g].

    ``bound`` is the largest sum of a row of absolute weights.
    """
    units, scale = to_integers(values, bound)
    units *= (1.0 / scale)[:, None]  # multiples of a power of two add as exactly as whole numbers
    products: Floats = units @ weights.T
    return products
