"""How plugins show themselves: by their class and the name that results have."""

from __future__ import annotations

__all__ = ["Shown"]


class Shown:
    """A plugin whose repr is its class and its ``name``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({getattr(self, 'name', '')!r})"
