"""Sections of docstrings, as plugins write them."""

from __future__ import annotations

from robustir.kit.docstrings import explained


class Base:
    """The base.

    Args:
        old: told by the base.
        both: told by both.

    Raises:
        ValueError: of the base alone.
    """


class Noise(Base):
    """One line.

    A paragraph: with a colon, and ``code``.

    Args:
        rate (float): the share of words: from 0
            to 1, as ``rate=0.5``.
        both: told here.
        *parts: several.
        **options: passed on.
        one, other: of a kind.

    Returns:
        Something that is not shown.

    Raises:
        SpecError: if the rate is not a share.
        DataError:
            for a missing file.

    A last paragraph.
    """


def test_sections_are_told_apart() -> None:
    told = explained(Noise)
    assert told.description == "One line.\n\nA paragraph: with a colon, and ``code``.\n\nA last paragraph."
    assert told.parameters == {
        "rate": "the share of words: from 0 to 1, as rate=0.5",
        "both": "told here",
        "parts": "several",
        "options": "passed on",
        "one": "of a kind",
        "other": "of a kind",
        "old": "told by the base",
    }
    assert told.raises == {"SpecError": "if the rate is not a share", "DataError": "for a missing file"}


def test_what_says_nothing_has_nothing_to_show() -> None:
    told = explained(lambda: None)
    assert (told.description, told.parameters, told.raises) == ("", {}, {})
