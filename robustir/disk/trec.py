"""The files of trec_eval, whose columns are separated by white space."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from robustir.errors import DataError

__all__ = ["one_line", "trec_id", "trec_ids"]

_SPACE = re.compile(r"\s+")


def trec_id(name: str) -> str:
    """Return an id as one column: white space is escaped as in a URL (``a b`` becomes ``a%20b``)."""
    if not _SPACE.search(name):
        return name
    return "".join(
        quote(character, safe="") if character.isspace() or character == "%" else character for character in name
    )


def trec_ids(names: Sequence[str]) -> tuple[dict[str, str], int]:
    """Return the columns for ids, and how many ids were changed.

    Raises DataError if two ids would become equal, such as ``a b`` and ``a%20b``.
    """
    columns = {name: trec_id(name) for name in names}
    changed = [name for name, column in columns.items() if column != name]
    for name in changed:
        if columns[name] in columns:
            raise DataError(
                f"the ids {name!r} and {columns[name]!r} would be equal in a file of trec_eval, whose columns are "
                "separated by blanks; change one of them"
            )
    return columns, len(changed)


def one_line(text: str) -> str:
    """Return a text as the last column of a line: line ends and tabs become spaces."""
    return _SPACE.sub(" ", text).strip()
