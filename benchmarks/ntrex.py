"""``ntrex``: WMT newstest2019 (123 news documents in English) translated by professionals (Federmann et al. 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from robustir.benchmarks.bitext import parallel_task, read_lines
from robustir.benchmarks.files import chosen_languages, find_folder, parallel_files
from robustir.benchmarks.pinned import pinned
from robustir.disk.download import Remote
from robustir.errors import DataError
from robustir.languages import normalise
from robustir.types import Task

__all__ = ["Ntrex"]


class Ntrex:
    """Bitext retrieval over 1,997 sentences: find a sentence's translation among all sentences of another language.

    The languages are those with a file ``XX.txt`` in the folder (of NTREX's 128); groups are documents.

    Args:
        pivot: pair only this language with the others; None: every ordered pair.
    """

    name = "ntrex"
    languages: tuple[str, ...] = tuple("ar de el en es fa fi fr he hi id it ja ko pt ro ru sw th tr vi zh".split())  # noqa: SIM905 - tables read better
    folder = "ntrex"
    licence = "CC-BY-SA-4.0"
    source = "https://github.com/MicrosoftTranslator/NTREX @ c9f006f2c132"

    def __init__(self, pivot: str | None = "en") -> None:
        self.pivot = normalise(pivot) if pivot is not None else None

    def files(self) -> tuple[Remote, ...]:
        """Return what ``robustir fetch`` downloads."""
        return pinned(self.name)

    def load(self, data: Path | None, languages: Sequence[str] | None = None) -> Task:
        """Return the task from ``data/ntrex/XX.txt`` and ``DOCUMENT_IDS.tsv``."""
        folder = find_folder(data, self.folder, self)
        files = parallel_files(folder, self.name)
        langs = chosen_languages(with_pivot(languages, self.pivot), tuple(files), self.name)
        sentences = {lang: read_lines(files[lang]) for lang in langs}
        documents = read_lines(folder / "DOCUMENT_IDS.tsv")
        for lang, lines in sentences.items():
            if len(lines) != len(documents):
                raise DataError(
                    f"{files[lang]} has {len(lines)} lines, but DOCUMENT_IDS.tsv has {len(documents)}; get both again"
                )
        return parallel_task(
            self.name,
            sentences,
            documents,
            pivot=self.pivot,
            group_kind="document",
            licence=self.licence,
            source=self.source,
            files=files,
        )


def with_pivot(languages: Sequence[str] | None, pivot: str | None) -> Sequence[str] | None:
    """Return the chosen languages with their pivot."""
    return languages if languages is None or pivot is None else [*languages, pivot]
