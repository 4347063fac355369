"""Reading data files with errors that name file and line."""

from __future__ import annotations

import json
import lzma
import zlib
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from robustir.disk.fetching import how_to_get
from robustir.disk.parsing import parse_json
from robustir.errors import DataError, NotApplicableError
from robustir.languages import normalise, normalise_all

__all__ = [
    "chosen_for_both",
    "chosen_languages",
    "find_folder",
    "find_packed",
    "parallel_files",
    "parse_file_json",
    "read_json",
    "read_json_lines",
    "read_lines",
    "read_text",
]


def read_text(path: Path) -> str:
    """Return a UTF-8 file's text; a missing file or a byte that is not UTF-8 is a DataError naming file and line."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path} is missing; check --data or fetch the benchmark again") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}:{line}: byte {error.start} is not UTF-8; save the file as UTF-8") from None


_PACKED = (".gz", ".zst", ".bz2", ".xz")
_PART = 2**20


def find_packed(path: Path) -> Path | None:
    """Return a file, or the same name followed by .gz, .zst, .bz2 or .xz; None if neither exists."""
    return next((packed for suffix in ("", *_PACKED) if (packed := Path(f"{path}{suffix}")).is_file()), None)


def _parts(path: Path) -> Iterator[bytes]:
    """Yield the unpacked bytes of a file."""
    opened: Any
    if path.suffix == ".zst":
        import pyarrow as pa

        opened = pa.input_stream(str(path), compression="zstd")
    else:
        module = {".gz": "gzip", ".bz2": "bz2", ".xz": "lzma"}.get(path.suffix)
        opened = import_module(module).open(path, "rb") if module else path.open("rb")
    with opened as stream:
        while part := stream.read(_PART):
            yield part


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line number, line) of a UTF-8 file that may be packed, blank lines left out; lines end at \\n or \\r\\n alone."""
    number, rest = 0, b""
    parts = iter(_unpacked(path))
    while True:
        part = next(parts, None)
        lines = (rest + (part or b"")).split(b"\n")
        rest = lines.pop() if part is not None else b""
        for line in lines:
            number += 1
            text = _decoded(path, number, line)
            if text.strip():
                yield number, text
        if part is None:
            return


def _decoded(path: Path, number: int, line: bytes) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}:{number}: byte {error.start} is not UTF-8; save the file as UTF-8") from None


def _unpacked(path: Path) -> Iterator[bytes]:
    """Yield the parts of a file; raise DataError if it cannot be read or unpacked."""
    try:
        yield from _parts(path)
    except FileNotFoundError:
        raise DataError(f"{path} is missing; check --data or fetch the benchmark again") from None
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        what = "unpacked" if path.suffix in _PACKED else "read"
        said = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be {what} ({said}); the download may be incomplete") from error


def parse_file_json(text: str, path: Path, line: int | None, advice: str) -> Any:
    """Return the content of a JSON text.

    Args:
        text: the JSON text.
        path: its file, for messages.
        line: the line number in a file with one object per line; None if the text is the whole file.
        advice: what to do about a mistake, for messages.

    Raises:
        DataError: if the text is malformed; names the file and the line.
    """
    try:
        return parse_json(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{line or error.lineno}: malformed JSON ({error.msg}); {advice}") from None
    except ValueError:  # a number of more than 4,300 digits
        where = f"{path}:{line}" if line else str(path)
        raise DataError(f"{where}: malformed JSON (a number is too long); {advice}") from None


def read_json(path: Path) -> Any:
    """Return a JSON file's content."""
    return parse_file_json(read_text(path), path, None, "the download may be incomplete")


def read_json_lines(path: Path, required: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number, object) of a JSON-lines file; every object must hold the ``required`` keys as strings."""
    for number, line in read_lines(path):
        row = parse_file_json(line, path, number, "each line must be one JSON object")
        if not isinstance(row, dict):
            raise DataError(f"{path}:{number}: expected a JSON object, not a {type(row).__name__}")
        for key in required:
            if not isinstance(row.get(key), str):
                raise DataError(f"{path}:{number}: the string {key!r} is missing")
        yield number, row


def find_folder(data: Path | None, folder: str, benchmark: Any) -> Path:
    """Return ``data/folder``, or raise a DataError that names the place that was searched and how to get the data."""
    if data is None:
        raise DataError(
            f"{benchmark.name} needs its data: give --data DIR or set ROBUSTIR_DATA to the folder that holds {folder}/; "
            f"{how_to_get(benchmark)}"
        )
    path = data / folder
    if not path.is_dir():
        raise DataError(
            f"{benchmark.name}: the folder {path} does not exist; --data (or ROBUSTIR_DATA) must name the folder that holds "
            f"{folder}/; {how_to_get(benchmark, data)}"
        )
    return path


def parallel_files(folder: Path, benchmark: str) -> dict[str, Path]:
    """Return the files ``XX.txt`` in a folder by language; a name may be any code of it (zho_Hans.txt is zh)."""
    files: dict[str, Path] = {}
    for path in sorted(folder.glob("*.txt")):
        lang = normalise(path.stem)
        if lang in files:
            raise DataError(f"{folder}: {files[lang].name} and {path.name} are both {lang}; keep one of them")
        files[lang] = path
    if not files:
        raise DataError(f"{folder} holds no XX.txt; get the files with  robustir fetch {benchmark}")
    return dict(sorted(files.items()))


def chosen_languages(wanted: Sequence[str] | None, available: Sequence[str], benchmark: str) -> tuple[str, ...]:
    """Return the wanted languages in the benchmark's order; raise NotApplicableError, naming the known ones, for others.

    Codes are those of :mod:`robustir.languages`, whatever their spelling in the arguments.
    """
    known = normalise_all(available)
    if wanted is None:
        return known
    chosen = normalise_all(wanted)
    unknown = [lang for lang in chosen if lang not in known]
    if unknown:
        raise NotApplicableError(f"{benchmark} has no {', '.join(unknown)}; its languages are: {', '.join(known)}")
    return tuple(lang for lang in known if lang in chosen)


def chosen_for_both(
    wanted: Sequence[str] | None, queries: Sequence[str], passages: Sequence[str], benchmark: str
) -> tuple[str, ...]:
    """Return the wanted languages of a collection whose queries and passages may differ in language.

    Args:
        wanted: the chosen languages; None: all.
        queries, passages: the languages of each.
        benchmark: its name, for messages.

    Raises:
        NotApplicableError: for an unknown language, or a choice that leaves no query or no passage.
    """
    query_langs, passage_langs = normalise_all(queries), normalise_all(passages)
    chosen = chosen_languages(wanted, (*query_langs, *passage_langs), benchmark)
    for what, langs in (("query", query_langs), ("passage", passage_langs)):
        if not set(langs) & set(chosen):
            raise NotApplicableError(
                f"{benchmark}: no {what} is left in {', '.join(chosen)}: its queries are in "
                f"{', '.join(query_langs)}, its passages in {', '.join(passage_langs)}; name {' or '.join(langs)} too"
            )
    return chosen
