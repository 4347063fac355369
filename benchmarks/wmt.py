"""``wmt``: the news test sets of WMT 2008-2018 (and IWSLT 2017), pairs of English with other languages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from robustir.benchmarks.bitext import Bitext, blocks, pair_task
from robustir.benchmarks.files import chosen_languages, find_folder
from robustir.disk.reading import read_text
from robustir.errors import DataError, NotApplicableError, SpecError
from robustir.types import Task

__all__ = ["Wmt", "read_sets"]


class Wmt:
    """Bitext retrieval on newstest by year: find a sentence's translation among those of its own set.

    The folder holds ``en-XX.tsv`` with the columns set, English, other. The files name no documents: groups are blocks of
    20 lines of a set. For encoders trained on these files use NTREX (newstest2019).

    Args:
        sets: one set or several, such as "wmt13" or ("wmt16", "wmt17"); None: all sets in the files.
    """

    name = "wmt"
    languages: tuple[str, ...] = ("ar", "de", "es", "ru", "tr", "zh", "en")
    folder = "wmt"
    licence = "research use (WMT)"
    source = "https://github.com/mozilla/firefox-translations-models @ e7957fc40744, evaluation; lines of other test sets removed"

    def __init__(self, sets: str | tuple[str, ...] | None = None) -> None:
        self.sets = (sets,) if isinstance(sets, str) else sets
        if self.sets is not None and not (self.sets and all(isinstance(name, str) for name in self.sets)):
            raise SpecError(f"wmt: sets must be a name such as 'wmt13', or several, not {sets!r}")

    def load(self, data: Path | None, languages: Sequence[str] | None = None) -> Task:
        """Return the task from ``data/wmt/en-XX.tsv``."""
        folder = find_folder(data, self.folder, self)
        chosen = [lang for lang in chosen_languages(languages, self.languages, self.name) if lang != "en"]
        if not chosen:
            raise NotApplicableError("wmt pairs other languages with English; name at least one other language")
        bitexts: list[Bitext] = []
        known: set[str] = set()
        for lang in chosen:
            path = folder / f"en-{lang}.tsv"
            by_set = read_sets(path)
            known.update(by_set)
            for name, pairs in by_set.items():
                if self.sets is None or name in self.sets:
                    groups = [f"{name}-{block}" for block in blocks(len(pairs))]
                    sources = [f"{name}-en-{lang}-{line:04d}" for line in range(len(pairs))]
                    left, right = [other for _, other in pairs], [english for english, _ in pairs]
                    bitexts.append(Bitext(name, (lang, "en"), left, right, groups, sources, f"{path}, {name}"))
        if not bitexts or any(name not in known for name in self.sets or ()):
            raise NotApplicableError(
                f"wmt has no {', '.join(name for name in self.sets or () if name not in known)} in {', '.join(chosen)}; "
                f"its sets are: {', '.join(sorted(known))}"
            )
        return pair_task(
            self.name,
            bitexts,
            group_kind="block of 20 lines of a set (no document ids)",
            licence=self.licence,
            source=self.source,
        )


def read_sets(path: Path) -> dict[str, list[tuple[str, str]]]:
    """Return the (English, other) sentences of each test set by its name; raise DataError naming a malformed line."""
    sets: dict[str, list[tuple[str, str]]] = {}
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line:
            continue
        cells = line.removesuffix("\r").split("\t")
        if len(cells) != 3 or not all(cell.strip() for cell in cells):
            raise DataError(f"{path}:{number}: a line holds set <tab> English <tab> other, each with text")
        sets.setdefault(cells[0], []).append((cells[1], cells[2]))
    if not sets:
        raise DataError(f"{path} is empty; a line holds set <tab> English <tab> other")
    return sets
