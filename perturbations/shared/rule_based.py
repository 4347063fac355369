"""What all rule-based perturbations share: arguments are checked, texts go to the rules by language, in blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from robustir.errors import SpecError
from robustir.noise.prepared import unknown_languages
from robustir.plugins.shown import Shown
from robustir.seeds import Stream, key_array

__all__ = ["RuleBased"]

_TEXTS_AT_ONCE = 4_096  # bounds the memory; 2,000 to 10,000 texts at once were equally fast


class RuleBased(Shown):
    """A perturbation whose whole work is :meth:`in_one_language`; texts are edited many at a time.

    A subclass gives ``name``, ``version``, ``severity_meaning``, ``source`` and, if it does not work in every
    language, ``languages``.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    languages: ClassVar[frozenset[str] | None] = None
    nested: bool = True

    def in_one_language(
        self, texts: Sequence[str], lang: str, severity: float, keys: NDArray[np.uint64]
    ) -> Sequence[str]:
        """Return the noisy texts; severity: above 0; keys: uint64 [texts, 2], as ``seeds.uniforms`` takes them."""
        raise NotImplementedError

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        """Return ``text`` with noise; see :meth:`apply_batch`."""
        return self.apply_batch([text], langs=[lang], severity=severity, keys=[rng.key])[0]

    def apply_batch(
        self, texts: Sequence[str], *, langs: Sequence[str], severity: float, keys: Sequence[bytes]
    ) -> list[str]:
        """Return the texts with noise, each from its own key alone.

        Raises NotApplicableError for a language that the rules do not cover, SpecError for a severity outside [0, 1].
        """
        if not 0 <= severity <= 1:
            raise SpecError(f"severity={severity} is not a share of edited units; give a number from 0 to 1")
        if not len(texts) == len(langs) == len(keys):
            raise SpecError(
                f"{len(texts)} texts, {len(langs)} languages and {len(keys)} keys; give one of each per text"
            )
        rows_of = _by_language(langs)
        if self.languages is not None and (missing := sorted(set(rows_of) - self.languages)):
            raise unknown_languages(self.name, missing, self.languages)
        result = list(texts)
        if severity == 0:
            return result
        arrays = key_array(keys)
        for lang, rows in rows_of.items():
            for at in range(0, len(rows), _TEXTS_AT_ONCE):
                chunk = rows[at : at + _TEXTS_AT_ONCE]
                if isinstance(chunk, range):  # slices: four times as fast
                    rows_here = slice(chunk.start, chunk.stop)
                    result[rows_here] = self.in_one_language(result[rows_here], lang, severity, arrays[rows_here])
                    continue
                noisy = self.in_one_language([texts[row] for row in chunk], lang, severity, arrays[chunk])
                for row, text in zip(chunk, noisy, strict=True):
                    result[row] = text
        return result


def _by_language(langs: Sequence[str]) -> Mapping[str, Sequence[int]]:
    """Return the rows of each language, in the order in which the languages come."""
    alone = dict.fromkeys(langs, range(len(langs)))
    if len(alone) < 2:
        return alone
    rows_of: dict[str, list[int]] = {lang: [] for lang in alone}
    for row, lang in enumerate(langs):
        rows_of[lang].append(row)
    return rows_of
