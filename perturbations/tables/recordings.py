"""Reading files of recorded noisy queries."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from robustir.disk.folders import data_folder
from robustir.disk.parsing import parse_json
from robustir.errors import DataError

__all__ = ["Recording", "locate", "read_recording"]


@dataclass(frozen=True, slots=True)
class Recording:
    """One file. ``texts``: (language, id) to noisy text, none empty; ``digest``: of its bytes, hex."""

    path: Path
    digest: str
    texts: Mapping[tuple[str, str], str]

    @property
    def languages(self) -> frozenset[str]:
        """The languages that it holds texts of."""
        return frozenset(lang for lang, _ in self.texts)


def locate(name: str) -> Path:
    """Return the path of a file named absolutely, in the data folder, or from the current folder; DataError names all."""
    path = Path(name).expanduser()
    folder = data_folder()
    tried = [path] if path.is_absolute() or folder is None else [folder / path, path]
    for candidate in tried:
        if candidate.is_file():
            return candidate
    raise DataError(
        f"no file with recorded noise at {' or '.join(map(str, tried))}; give an absolute path, or one inside the data folder ($ROBUSTIR_DATA)"
    )


def read_recording(name: str, lang: str) -> Recording:
    """Read JSON lines (``_id``, ``text``, optional ``lang``) or, from any other file, two columns: id, tab, text.

    Rows without a language are in ``lang``. Raises DataError naming file and line of what is malformed or occurs twice.
    """
    path = locate(name)
    try:
        raw = path.read_bytes()
        lines = raw.decode("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as UTF-8: {error}") from error
    texts: dict[tuple[str, str], str] = {}
    known: set[tuple[str, str]] = set()
    for number, line in enumerate(lines, 1):
        line = line.removesuffix("\r")
        if not line:
            continue
        try:
            row_lang, identifier, text = _json_row(line, lang) if path.suffix == ".jsonl" else (lang, *_columns(line))
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{path}:{number}: expected a JSON object with strings _id and text (.jsonl), or id, tab, text ({error})"
            ) from None
        if (row_lang, identifier) in known:
            raise DataError(f"{path}:{number}: the id {identifier!r} occurs twice in {row_lang}; keep one")
        known.add((row_lang, identifier))
        if text.strip():
            texts[row_lang, identifier] = text
    if not texts:
        raise DataError(f"{path} holds no text")
    return Recording(path, hashlib.sha256(raw).hexdigest()[:32], texts)


def _json_row(line: str, lang: str) -> tuple[str, str, str]:
    row = parse_json(line)
    if not isinstance(row, dict):
        raise TypeError("not an object")
    values = (row.get("lang", lang), row["_id"], row["text"])
    if not all(isinstance(value, str) for value in values):
        raise TypeError("a value is not a string")
    return values


def _columns(line: str) -> tuple[str, str]:
    identifier, text = line.split("\t")
    return identifier, text
