"""The folders and languages of benchmarks in the data folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from robustir.disk.fetching import how_to_get
from robustir.errors import DataError, NotApplicableError
from robustir.languages import normalise, normalise_all

__all__ = ["chosen_for_both", "chosen_languages", "find_folder", "parallel_files"]


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
