"""The parallel text that training, lexicons, rates and calibration share, read as the benchmarks read their own files.

A missing file gives no pairs: each caller says what it needs. A damaged one raises DataError naming file and line.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from robustir.benchmarks.bitext import read_lines
from robustir.benchmarks.wmt import Wmt, read_sets
from robustir.disk.reading import read_json_lines, read_text
from robustir.errors import DataError

__all__ = [
    "flores_dev",
    "flores_dev_path",
    "flores_outputs",
    "mkqa",
    "newstest",
    "newstest_path",
    "opus_tatoeba",
    "opus_tatoeba_path",
    "required_lines",
]


def required_lines(path: Path) -> list[str]:
    """Return the lines of a file that a command cannot do without; raise DataError if it is missing."""
    if not path.is_file():
        raise DataError(f"{path} is missing; give the data folder with --data or ROBUSTIR_DATA")
    return [line.removesuffix("\r") for line in read_text(path).removesuffix("\n").split("\n")]


def flores_dev_path(data: Path, lang: str) -> Path:
    """Return the path of the 997 lines of FLORES dev in one language."""
    return data / "flores" / "dev" / f"{lang}.txt"


def flores_dev(data: Path, lang: str) -> list[str]:
    """Return the lines of FLORES dev in one language; line i is the same sentence in every language."""
    path = flores_dev_path(data, lang)
    return read_lines(path) if path.is_file() else []


def flores_outputs(data: Path, source: str, target: str) -> dict[str, list[str]]:
    """Return name of a translation system -> what it made of each line of FLORES dev in ``source``."""
    paths = sorted((data / "mt-outputs" / "flores-dev").glob(f"{source}-{target}.*.txt"))
    return {path.name.split(".")[1]: read_text(path).removesuffix("\n").split("\n") for path in paths}


def newstest_path(data: Path, lang: str) -> Path:
    """Return the path of the news test sets of English and ``lang``."""
    return data / Wmt.folder / f"en-{lang}.tsv"


def newstest(data: Path, lang: str) -> dict[str, list[tuple[str, str]]]:
    """Return name of a test set -> its (English, other) sentences."""
    path = newstest_path(data, lang)
    return read_sets(path) if path.is_file() else {}


def opus_tatoeba_path(data: Path, lang: str) -> Path:
    """Return the path of the training pairs of OPUS Tatoeba."""
    return data / "train" / "tatoeba-opus" / f"en-{lang}.tsv"


def opus_tatoeba(data: Path, lang: str) -> list[tuple[str, str]]:
    """Return the (English, other) sentences of OPUS Tatoeba."""
    path = opus_tatoeba_path(data, lang)
    return list(_pairs(path)) if path.is_file() else []


def _pairs(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line:
            continue
        cells = line.removesuffix("\r").split("\t")
        if len(cells) < 2 or not (cells[0] and cells[1]):
            raise DataError(f"{path}:{number}: a line holds English <tab> other, each with text")
        yield cells[0], cells[1]


def mkqa(data: Path) -> Iterator[dict[str, str]]:
    """Yield each MKQA question, language -> text; a language without that question is left out."""
    path = data / "train" / "mkqa-questions.jsonl"
    if path.is_file():
        for _, row in read_json_lines(path, ()):
            yield {lang: text for lang, text in row.items() if isinstance(text, str) and text}
