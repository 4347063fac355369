"""What all columnar types share: one line in a notebook instead of a million values, and a pandas table on demand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from robustir.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Columnar", "count", "languages_in_short", "string_list"]

_SHOWN_LANGUAGES = 4


class Columnar:
    """Base of types that hold columns of one length. ``frame_columns``: what each is called in a pandas table."""

    __slots__ = ()
    frame_columns: ClassVar[dict[str, str]] = {}

    def _summary(self) -> str:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._summary()})"

    def to_pandas(self) -> pd.DataFrame:
        """Return the columns as a pandas table, one row per entry, in order."""
        import pandas as pd

        found = {name: getattr(self, attribute) for attribute, name in self.frame_columns.items()}
        return pd.DataFrame({name: column for name, column in found.items() if column is not None})


def count(number: int, what: str, several: str | None = None) -> str:
    """Return a number with its noun, such as ``1 query`` or ``1,200 queries``."""
    return f"{number:,} {what if number == 1 else several or what + 's'}"


def languages_in_short(langs: Iterable[str]) -> str:
    """Return the languages with how often each occurs, such as ``en 100, de 100``; many are only counted."""
    found = Counter(langs)
    if len(found) > _SHOWN_LANGUAGES:
        return f"{len(found)} languages"
    return ", ".join(f"{lang} {number:,}" if len(found) > 1 else lang for lang, number in found.items())


def string_list(values: Any, what: str, example: str) -> tuple[str, ...]:
    """Return a list of strings as a tuple; raise DataError for one string, or for anything that is not a string inside."""
    if isinstance(values, (str, bytes)) or not isinstance(values, (Sequence, Iterable)):
        kind = "one string" if isinstance(values, str) else f"of type {type(values).__name__}"
        raise DataError(f"{what} must be a list of strings such as {example}, not {kind}")
    found = tuple(values)
    for row, value in enumerate(found):
        if not isinstance(value, str):
            raise DataError(f"{what} must be strings; number {row + 1} is of type {type(value).__name__}: {value!r}")
    return found
