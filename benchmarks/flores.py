"""``flores``: sentences of Wikimedia articles translated by professionals (Goyal et al. 2022; NLLB Team 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from robustir.benchmarks.bitext import blocks, parallel_task, read_lines
from robustir.benchmarks.files import chosen_languages, find_folder, parallel_files
from robustir.benchmarks.ntrex import with_pivot
from robustir.benchmarks.pinned import pinned
from robustir.disk.download import Remote
from robustir.errors import DataError, SpecError
from robustir.languages import normalise
from robustir.types import Task

__all__ = ["Flores"]

_SPLITS = ("devtest", "dev")
_LINES = 1012  # of the devtest, in every language and both editions


class Flores:
    """Bitext retrieval over 1,012 (devtest) or 997 (dev) sentences: find a sentence's translation in another language.

    The languages are those with a file in the folder. These files have no document ids: groups are blocks of 20 lines.

    Args:
        split: "devtest" or "dev".
        pivot: pair only this language with the others; None: every ordered pair.
        among: codes of languages, for suites whose benchmarks have different ones; none: all with a file.
    """

    name = "flores"
    languages: tuple[str, ...] = tuple("ar de el en es fa fi fr he hi id it ja ko pt ro ru th tr vi zh".split())  # noqa: SIM905 - tables read better
    folder = "flores"
    licence = "CC-BY-SA-4.0"
    source = "https://github.com/Helsinki-NLP/OPUS-MT-testsets @ c04247a761e3, flores200_dataset"
    open_folder = True  # files of either edition and of more languages may lie in it
    instead_of_checksums = "they must hold 1,012 lines"

    def __init__(self, split: str = "devtest", pivot: str | None = "en", among: Sequence[str] = ()) -> None:
        if split not in _SPLITS:
            raise SpecError(f"flores: split must be one of {', '.join(_SPLITS)}, not {split!r}")
        self.split = split
        if split == "dev":
            self.source = "https://github.com/mozilla/firefox-translations-models @ e7957fc40744, evaluation"
        self.pivot = normalise(pivot) if pivot is not None else None
        self.among = tuple(among)

    def files(self) -> tuple[Remote, ...]:
        """Return what ``robustir fetch`` downloads: the devtest of FLORES-200; dev has no plain address."""
        return pinned(self.name) if self.split == "devtest" else ()

    def accept(self, path: Path, *, new: bool) -> None:
        """Check a fetched file; raise DataError if it is not the devtest, and delete it if it is ``new``."""
        count = len(read_lines(path))
        if count != _LINES:
            if new:
                path.unlink()
            raise DataError(
                f"{path} has {count} lines, but FLORES devtest has {_LINES:,}; get the file again, or elsewhere"
            )

    def load(self, data: Path | None, languages: Sequence[str] | None = None) -> Task:
        """Return the task from ``data/flores/SPLIT/XX.txt``."""
        folder = find_folder(data, f"{self.folder}/{self.split}", self)
        files = parallel_files(folder, self.name)
        langs = chosen_languages(with_pivot(languages or self.among or None, self.pivot), tuple(files), self.name)
        sentences = {lang: read_lines(files[lang]) for lang in langs}
        return parallel_task(
            self.name if self.split == "devtest" else f"{self.name}-{self.split}",
            sentences,
            blocks(max(map(len, sentences.values()))),
            pivot=self.pivot,
            group_kind="block of 20 lines (no document ids)",
            licence=self.licence,
            source=self.source,
            files=files,
        )
