"""Natural pair files: what people meant to write, and what they wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from robustir.disk.reading import read_json_lines, read_text
from robustir.disk.shapes import shortened
from robustir.errors import DataError

__all__ = ["Pairs", "read_pairs"]

_ALIKE = 25.0  # percent: pairs of forum English and its normalised form are all above 30
_SHORT = 20  # characters: what is shorter may differ altogether


@dataclass(frozen=True, slots=True)
class Pairs:
    """Clean texts and the same texts with noise, line by line; ids: names of the lines, for messages."""

    clean: tuple[str, ...]
    noisy: tuple[str, ...]
    ids: tuple[str, ...]


def read_pairs(noisy: Path, clean: Path | None = None) -> Pairs:
    """Read natural pairs: ``clean <tab> noisy`` in one file, or two files of corresponding lines, texts or JSON Lines.

    JSON Lines have ``_id`` and ``text``, as NoiseQA has them; both sides have the same ids in the same order. Raises
    DataError, naming the line, if the sides do not correspond, and if all pairs are identical.
    """
    if clean is None:
        rows = list(_columns(noisy))
    else:
        one, other = list(_side(clean)), list(_side(noisy))
        if len(one) != len(other):
            last = min(len(one), len(other)) + 1
            raise DataError(
                f"{noisy}:{last}: {len(other)} lines, but {clean} has {len(one)}; give files that correspond line by line"
            )
        for (at, name, _), (_, same, _) in zip(other, one, strict=True):
            if name != same:
                raise DataError(
                    f"{noisy}:{at}: it holds {shortened(name)!r}, but the same line of {clean} holds {shortened(same)!r}"
                )
        rows = [(at, text, noise) for (at, _, noise), (_, _, text) in zip(other, one, strict=True)]
    for at, text, noise in rows:
        _check(noisy, at, text, noise)
    if all(text == noise for _, text, noise in rows):
        at = rows[0][0] if rows else 1
        raise DataError(
            f"{noisy}:{at}: from this line on both sides of all {len(rows)} pairs are identical; give texts with noise"
        )
    lines, texts, noises = zip(*rows, strict=True)
    return Pairs(texts, noises, tuple(map(str, lines)))


def _check(path: Path, line: int, clean: str, noisy: str) -> None:
    from rapidfuzz.fuzz import ratio

    if bool(clean.strip()) != bool(noisy.strip()):
        raise DataError(f"{path}:{line}: one side is empty, the other is {(clean or noisy)[:60]!r}")
    if min(len(clean), len(noisy)) > _SHORT and ratio(clean.lower(), noisy.lower()) < _ALIKE:
        raise DataError(
            f"{path}:{line}: {noisy[:60]!r} is not a noisy {clean[:60]!r}; the two sides do not correspond from here on"
        )


def _columns(path: Path) -> Iterator[tuple[int, str, str]]:
    for line, text in enumerate(_lines(path), start=1):
        cells = text.split("\t")
        if len(cells) != 2:
            raise DataError(f"{path}:{line}: {len(cells)} columns; a line holds clean <tab> noisy")
        yield line, cells[0], cells[1]


def _side(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield line number, id (none in files of plain text) and text."""
    if path.suffix == ".jsonl":
        for line, row in read_json_lines(path, ("_id", "text")):
            yield line, str(row["_id"]), str(row["text"])
        return
    for line, text in enumerate(_lines(path), start=1):
        yield line, "", text


def _lines(path: Path) -> Sequence[str]:
    content = read_text(path).removesuffix("\n")
    return [line.removesuffix("\r") for line in content.split("\n")] if content else []
