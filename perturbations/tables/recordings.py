"""Reading files of recorded noisy queries."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from robustir.disk.folders import data_folder
from robustir.disk.parsing import parse_json
from robustir.disk.shapes import shortened
from robustir.errors import DataError

__all__ = ["Layout", "Recording", "locate", "read_recording"]

_ANNOTATED = ["docid", "sentid", "tokid", "raw", "norm", "manual"]
_SPACE = "⎵"
_NO_KIND = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file names its queries: by ids, or by line.

    lines: line n, from 0 and with four digits, is the query with that source id, as benchmarks of aligned lines number
    them. column: the file is a table with a header, and row n of this column is the query. kinds: the file lists tokens
    as RoCS-MT's annotation does, and texts are made of the written tokens of these kinds and the normalised ones.
    """

    lines: bool = False
    column: str = ""
    kinds: tuple[str, ...] = ()

    @property
    def by_line(self) -> bool:
        """Whether queries are found by the number of their line."""
        return self.lines or bool(self.column or self.kinds)


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


def read_recording(name: str, lang: str, layout: Layout | None = None) -> Recording:
    """Read JSON lines (``_id``, ``text``, optional ``lang``) or, from any other file, two columns: id, tab, text.

    Rows without a language are in ``lang``; ``layout``: of a file that has no ids. Raises DataError naming file and line of
    what is malformed or occurs twice.
    """
    path = locate(name)
    try:
        raw = path.read_bytes()
        lines = raw.decode("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as UTF-8: {error}") from error
    lines = [line.removesuffix("\r") for line in lines]
    if lines and not lines[-1]:
        lines.pop()
    if layout is not None and layout.by_line:
        found = _by_line(path, lines, layout)
        texts = {(lang, f"{number:04d}"): text for number, text in enumerate(found) if text.strip()}
    else:
        texts = _by_id(path, lines, lang)
    if not texts:
        raise DataError(f"{path} holds no text")
    return Recording(path, hashlib.sha256(raw).hexdigest()[:32], texts)


def _by_id(path: Path, lines: list[str], lang: str) -> dict[tuple[str, str], str]:
    texts: dict[tuple[str, str], str] = {}
    known: set[tuple[str, str]] = set()
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            row_lang, identifier, text = _json_row(line, lang) if path.suffix == ".jsonl" else (lang, *_columns(line))
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{path}:{number}: expected a JSON object with strings _id and text (.jsonl), or id, tab, text ({error})"
            ) from None
        if (row_lang, identifier) in known:
            raise DataError(f"{path}:{number}: the id {shortened(identifier)!r} occurs twice in {row_lang}; keep one")
        known.add((row_lang, identifier))
        if text.strip():
            texts[row_lang, identifier] = text
    return texts


def _by_line(path: Path, lines: list[str], layout: Layout) -> list[str]:
    if layout.kinds:
        return _annotated(path, lines, frozenset(layout.kinds))
    if not layout.column:
        return lines
    header, *rows = [line.split("\t") for line in lines or [""]]
    if layout.column not in header:
        raise DataError(f"{path}:1: no column {layout.column!r}; its columns are {shortened(', '.join(header), 300)}")
    at = header.index(layout.column)
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise DataError(f"{path}:{number}: expected {len(header)} columns, not {len(row)}")
    return [row[at].strip() for row in rows]


def _annotated(path: Path, lines: list[str], kinds: frozenset[str]) -> list[str]:
    """Return a text per sentence: written tokens of the given kinds alone, other tokens as they were normalised."""
    if not lines or lines[0].split("\t") != _ANNOTATED:
        raise DataError(f"{path}:1: expected the columns {', '.join(_ANNOTATED)} of RoCS-MT's annotation")
    texts: dict[tuple[str, str], list[str]] = {}
    known = set()
    for number, line in enumerate(lines[1:], 2):
        cells = line.split("\t")
        if len(cells) != len(_ANNOTATED):
            raise DataError(f"{path}:{number}: expected {len(_ANNOTATED)} columns, not {len(cells)}")
        document, sentence, _, raw, norm, manual = cells
        labels = {label.strip().replace("-", "_").replace(" ", "_") for label in manual.split(",")} - {_NO_KIND}
        known |= labels
        texts.setdefault((document, sentence), []).append(raw if labels and labels <= kinds else norm)
    if unknown := sorted(kinds - known):
        raise DataError(
            f"{path} has no kind of error {unknown[0]!r}; it has {shortened(', '.join(sorted(known)), 300)}"
        )
    return ["".join(tokens).replace(_SPACE, " ").strip() for tokens in texts.values()]


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
