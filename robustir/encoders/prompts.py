"""The prompt of a role among a model's prompts, whose names differ between models."""

from __future__ import annotations

from collections.abc import Mapping

from robustir.contracts import Role

__all__ = ["role_prompt"]

# Sentence Transformers writes "query" and "document", even if they are empty; older models say "passage" or "corpus". So
# the first name with a text counts.
_NAMES: Mapping[Role, tuple[str, ...]] = {"query": ("query",), "passage": ("document", "passage", "corpus")}


def role_prompt(prompts: Mapping[str, str | None], default_name: str | None, role: Role) -> str:
    """Return the prompt of a role: the first of its names with a text.

    A model's default prompt serves both roles if neither has a prompt of its own.
    """
    own = {known: next(filter(None, map(prompts.get, names)), "") for known, names in _NAMES.items()}
    return own[role] if any(own.values()) else prompts.get(default_name or "") or ""
