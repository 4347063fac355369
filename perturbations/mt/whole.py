"""Texts that a translator can read and that may take the place of a query."""

from __future__ import annotations

import unicodedata

__all__ = ["is_whole"]


def is_whole(text: str) -> bool:
    """Whether a text has no half surrogate pair and does not begin with a mark that lacks its base; "" is not whole."""
    if not text or unicodedata.category(text[0]).startswith("M"):
        return False
    return not any("\ud800" <= char <= "\udfff" for char in text)
