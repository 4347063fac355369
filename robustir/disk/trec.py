"""The files of trec_eval, whose columns are parted by white space."""

from __future__ import annotations

import re
from urllib.parse import quote

__all__ = ["one_line", "trec_id"]

_SPACE = re.compile(r"\s+")


def trec_id(name: str) -> str:
    """Return an id as one column: one that holds white space is written as in a URL (``a b`` becomes ``a%20b``)."""
    if not _SPACE.search(name):
        return name
    return "".join(
        quote(character, safe="") if character.isspace() or character == "%" else character for character in name
    )


def one_line(text: str) -> str:
    """Return a text as the last column of a line: line ends and tabs become spaces."""
    return _SPACE.sub(" ", text).strip()
