"""The version of what is stored; part of every key, and of the manifest."""

from __future__ import annotations

__all__ = ["SCHEMA"]

# Raised when the meaning of a stored file changes.
SCHEMA = 1
