"""What a path means as a spec: which kind of plugin is there, and which reader its files need."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["encoder_reader", "hint", "is_there", "kind_at"]


def is_there(name: str) -> bool:
    """Whether a file or folder has this name; one that no file can have is an ordinary text."""
    try:
        return Path(name).exists()
    except (OSError, ValueError):
        return False


def hint(name: str) -> str:
    """Return what to write if ``name`` is not known but a file or folder of that name is here; "" if none is."""
    bare = name.strip()
    here = bool(bare) and bare not in {".", ".."} and is_there(bare)
    what = "folder" if here and Path(bare).is_dir() else "file"
    return f"a {what} of that name is here: to use it, write  ./{bare}" if here else ""


def kind_at(path: str) -> str:
    """Return ``suite`` for a TOML file, ``benchmark`` for a folder of queries and passages, else ``encoder``."""
    there = Path(path).expanduser()
    if path.endswith(".toml"):
        return "suite"
    return "benchmark" if any(there.glob("corpus.jsonl*")) or (there / "qrels").is_dir() else "encoder"


def encoder_reader(path: str) -> str:
    """Return the encoder that reads the model at ``path``: ``static`` for a table of vectors, else ``transformer``.

    A table with more than normalisation behind it, or with prompts, is one for ``transformer``, which knows them.
    """
    folder = Path(path).expanduser()
    modules, config = _read(folder / "modules.json"), _read(folder / "config.json")
    if isinstance(modules, list):
        kinds = [str(row.get("type", "")).rpartition(".")[2] for row in modules if isinstance(row, dict)]
        plain = kinds[:1] == ["StaticEmbedding"] and set(kinds[1:]) <= {"Normalize"}
        return "static" if plain and not _prompts(folder) else "transformer"
    if isinstance(config, dict):
        return "static" if config.get("model_type") == "model2vec" else "transformer"
    table = (folder / "model.safetensors").is_file() and (folder / "tokenizer.json").is_file()
    return "static" if table else "transformer"


def _prompts(folder: Path) -> bool:
    settings = _read(folder / "config_sentence_transformers.json")
    prompts = settings.get("prompts") if isinstance(settings, dict) else None
    return isinstance(prompts, dict) and any(prompts.values())


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None  # whoever reads the model says what is wrong with it
