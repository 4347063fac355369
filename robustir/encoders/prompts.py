"""Which of a model's prompts goes before the texts of a role, whatever name it has in the model's settings."""

from __future__ import annotations

from collections.abc import Mapping

from robustir.contracts import Role

__all__ = ["role_prompt"]

# Sentence Transformers writes "query" and "document", and holds both even where they are empty; older models say "passage"
# or "corpus". So the first name with a text counts.
_NAMES: Mapping[Role, tuple[str, ...]] = {"query": ("query",), "passage": ("document", "passage", "corpus")}


def role_prompt(prompts: Mapping[str, str | None], default_name: str | None, role: Role) -> str:
    """Return the prompt of a role: the first of its names with a text.

    A model's default prompt stands for both roles if neither has a prompt of its own.
    """
    own = {each: next(filter(None, map(prompts.get, names)), "") for each, names in _NAMES.items()}
    return own[role] if any(own.values()) else prompts.get(default_name or "") or ""
