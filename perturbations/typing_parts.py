"""The four operations of the typing errors, each under its own name, with its own noise."""

from __future__ import annotations

from typing import ClassVar

from robustir.perturbations.typos import Typos

__all__ = ["Delete", "Insert", "Keyboard", "Transpose"]

_SHARE = "expected share of words with one {}, in every text, long words more often"


class Keyboard(Typos):
    """A neighbouring key is struck instead of the right one: the wrong keys of ``typos`` alone."""

    name: ClassVar[str] = "keyboard"
    severity_meaning: ClassVar[str] = _SHARE.format("wrong key")

    def __init__(self) -> None:
        super().__init__("keyboard")


class Insert(Typos):
    """A key too many is struck, a neighbour or the same one twice: the insertions of ``typos`` alone."""

    name: ClassVar[str] = "insert"
    severity_meaning: ClassVar[str] = _SHARE.format("key too many")

    def __init__(self) -> None:
        super().__init__("insert")


class Delete(Typos):
    """A character is left out: the deletions of ``typos`` alone."""

    name: ClassVar[str] = "delete"
    severity_meaning: ClassVar[str] = _SHARE.format("character missed")

    def __init__(self) -> None:
        super().__init__("delete")


class Transpose(Typos):
    """Two neighbouring characters change places: the transpositions of ``typos`` alone."""

    name: ClassVar[str] = "transpose"
    severity_meaning: ClassVar[str] = _SHARE.format("pair of characters in the wrong order")

    def __init__(self) -> None:
        super().__init__("transpose")
