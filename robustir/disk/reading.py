"""The door of data files: text, lines, JSON and TOML that people bring, with errors that name the file, the line and the key.

Whatever is in a file, what comes out is its content or a DataError (or another InputError that the caller names). A text holds
whole characters: half of a surrogate pair, which JSON can write, is refused.
"""

from __future__ import annotations

import gzip
import json
import lzma
import tomllib
import zlib
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from robustir.disk.parsing import parse_json, parse_toml
from robustir.disk.shapes import Shape, shaped, shortened
from robustir.errors import DataError, InputError

__all__ = [
    "find_packed",
    "parse_file_json",
    "read_bytes",
    "read_json",
    "read_json_lines",
    "read_lines",
    "read_text",
    "read_toml",
    "unpacked",
]

_PACKED = (".gz", ".zst", ".bz2", ".xz")
_PART = 2**20
_AGAIN = "check --data or fetch the benchmark again"
_REFUSED = (OSError, EOFError, zlib.error, lzma.LZMAError)


def read_bytes(path: Path, *, advice: str = _AGAIN, error: type[InputError] = DataError) -> bytes:
    """Return the content of a file; raise ``error`` if it is missing or the system refuses it."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise error(f"{path} is missing; {advice}") from None
    except (OSError, ValueError) as refused:  # ValueError: a name that no file can have
        raise error(f"{path} cannot be read: {getattr(refused, 'strerror', None) or refused}") from refused


def read_text(path: Path, *, advice: str = _AGAIN, error: type[InputError] = DataError) -> str:
    """Return a UTF-8 file's text; raise ``error``, naming file and line, if it is missing or a byte is not UTF-8."""
    raw = read_bytes(path, advice=advice, error=error)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as refused:
        line = raw.count(b"\n", 0, refused.start) + 1
        raise error(f"{path}:{line}: byte {refused.start} is not UTF-8; save the file as UTF-8") from None


def find_packed(path: Path) -> Path | None:
    """Return a file, or the same name followed by .gz, .zst, .bz2 or .xz; None if neither exists."""
    return next((packed for suffix in ("", *_PACKED) if (packed := Path(f"{path}{suffix}")).is_file()), None)


def unpacked(path: Path, content: bytes, *, advice: str) -> bytes:
    """Return the content of a file, unpacked if it is a gzip; raise DataError if that is damaged."""
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except _REFUSED as damage:
        raise DataError(f"{path} cannot be unpacked ({damage}); {advice}") from None


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


def read_lines(path: Path, *, advice: str = _AGAIN) -> Iterator[tuple[int, str]]:
    """Yield (line number, line) of a UTF-8 file that may be packed, blank lines left out; lines end at \\n or \\r\\n alone."""
    number, rest = 0, b""
    parts = iter(_unpacked_parts(path, advice))
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


def _unpacked_parts(path: Path, advice: str) -> Iterator[bytes]:
    """Yield the parts of a file; raise DataError if it cannot be read or unpacked."""
    try:
        yield from _parts(path)
    except FileNotFoundError:
        raise DataError(f"{path} is missing; {advice}") from None
    except _REFUSED as error:
        if isinstance(error, OSError) and error.errno is not None:  # the system refuses: the content is not to blame
            raise DataError(f"{path} cannot be read: {error.strerror}") from error
        what = "unpacked" if path.suffix in _PACKED else "read"
        raise DataError(f"{path} cannot be {what} ({error}); the download may be incomplete") from error


def parse_file_json(
    text: str, path: Path, line: int | None, advice: str, *, error: type[InputError] = DataError
) -> Any:
    """Return the content of a JSON text.

    Args:
        text: the JSON text.
        path: its file, for messages.
        line: the line number in a file with one object per line; None if the text is the whole file.
        advice: what to do about a mistake, for messages.
        error: what is raised.

    Raises:
        InputError: ``error``, if the text is malformed; names the file and the line.
    """
    where = f"{path}:{line}" if line else str(path)
    try:
        content = parse_json(text)
    except json.JSONDecodeError as wrong:
        raise error(f"{path}:{line or wrong.lineno}: malformed JSON ({wrong.msg}); {advice}") from None
    except ValueError:  # a number of more than 4,300 digits
        raise error(f"{where}: malformed JSON (a number is too long); {advice}") from None
    if half := _half(text, content):
        raise error(
            f"{where}: {shortened(half)} holds half of a surrogate pair; repair that text, it is not valid Unicode"
        )
    return content


def _half(text: str, content: Any) -> str:
    """Return a string of a JSON text's content with half of a surrogate pair, as ASCII; "" if there is none."""
    if "\\ud" not in text and "\\uD" not in text:  # how JSON writes them
        return ""
    left = [content]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left += [*value, *value.values()]
        elif isinstance(value, list):
            left += value
        elif isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
            return ascii(value)
    return ""


def read_json(
    path: Path,
    shape: Shape[Any] | None = None,
    *,
    advice: str = "the download may be incomplete",
    error: type[InputError] = DataError,
) -> Any:
    """Return a JSON file's content.

    Args:
        path: the file.
        shape: what the content must be; None: anything.
        advice: what to do about a mistake, for messages.
        error: what is raised.

    Raises:
        InputError: ``error``, naming the file and the line, or the key whose value is wrong.
    """
    content = parse_file_json(read_text(path, advice=advice, error=error), path, None, advice, error=error)
    return content if shape is None else shaped(content, shape, str(path), advice, error=error)


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


def read_toml(path: Path, *, error: type[InputError]) -> dict[str, Any]:
    """Return the content of a TOML file; raise ``error``, naming the file and the place, if it is malformed."""
    try:
        text = read_bytes(path, advice="check its name", error=error).decode("utf-8")
        return parse_toml(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise error(f"{path}: not a TOML file ({wrong})") from None
    except ValueError:  # a number of more than 4,300 digits
        raise error(f"{path}: not a TOML file (a number is too long)") from None
