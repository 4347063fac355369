"""A small cache of values that take long to make: one value per place, replaced by the next key's."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

__all__ = ["Kept"]

T = TypeVar("T")


class Kept:
    """Values by place and key. A place holds one value; for another key, it drops the value before making the next."""

    def __init__(self) -> None:
        self._held: dict[Hashable, tuple[Hashable, Any]] = {}

    def get(self, place: Hashable, make: Callable[[], T], *, key: Hashable = None) -> T:
        """Return the value of ``key`` at ``place``; ``make`` it if the place is empty or has another key's.

        If ``make`` raises, the place stays empty.
        """
        held = self._held.get(place)
        if held is None or held[0] != key:
            self._held.pop(place, None)
            held = self._held[place] = (key, make())
        value: T = held[1]
        return value

    def put(self, place: Hashable, value: object, *, key: Hashable = None) -> None:
        """Keep an existing value."""
        self._held[place] = (key, value)
