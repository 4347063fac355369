"""``rocs-mt``: English forum posts, normalised by hand, and their translations (Bawden & Sagot 2023)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from robustir.benchmarks.bitext import Bitext, pair_task, read_lines
from robustir.benchmarks.files import chosen_languages, find_folder
from robustir.errors import DataError, NotApplicableError, SpecError
from robustir.types import Task

__all__ = ["RocsMT"]

_TEXTS = {"normalised": "norm", "raw": "raw"}
_SOURCE = "en"


class RocsMT:
    """Find the translation of a segment of an English forum post among all translations into its language.

    The queries are what annotators made of the posts in standard spelling; the posts as they were written are natural noise
    on them: ``recorded(file='natural/rocs-mt/RoCS-MT.src.raw-manseg.en', lines=True)``. Groups are posts.

    Args:
        text: "normalised", or "raw": the posts as written are the clean queries.
        among: codes of languages of the translations, for suites whose benchmarks have different ones; none: all.

    Raises:
        SpecError: for another text.
    """

    name = "rocs-mt"
    languages: tuple[str, ...] = ("cs", "de", "en", "fr", "ru", "uk")
    folder = "natural/rocs-mt"
    licence = "none stated (test suite of WMT23): for use here, not for passing on"
    source = "https://github.com/rbawden/RoCS-MT @ 6345278, v1/"

    def __init__(self, text: str = "normalised", among: Sequence[str] = ()) -> None:
        if text not in _TEXTS:
            raise SpecError(f"rocs-mt: text must be one of {', '.join(_TEXTS)}, not {text!r}")
        self.text = text
        self.among = tuple(among)

    def load(self, data: Path | None, languages: Sequence[str] | None = None) -> Task:
        """Return the task from ``data/natural/rocs-mt``; English is always among the languages."""
        folder = find_folder(data, self.folder, self)
        asked = languages or self.among
        wanted = [*asked, _SOURCE] if asked else None
        targets = [lang for lang in chosen_languages(wanted, self.languages, self.name) if lang != _SOURCE]
        if not targets:
            others = ", ".join(lang for lang in self.languages if lang != _SOURCE)
            raise NotApplicableError(
                f"{self.name} finds translations of English posts; name a language beside en: {others}"
            )
        kind = _TEXTS[self.text]
        posts = read_lines(folder / f"RoCS-MT.src.{kind}-manseg.{_SOURCE}")
        documents = _documents(folder / f"RoCS-MT.src.{kind}-manseg+docid.{_SOURCE}.tsv", posts)
        lines = [f"{line:04d}" for line in range(len(posts))]
        sets = [
            Bitext(
                "rocs-mt", (_SOURCE, lang), posts, translations, documents, lines, str(folder / f"RoCS-MT.ref.{lang}")
            )
            for lang in targets
            for translations in [[line.rstrip("\t ") for line in read_lines(folder / f"RoCS-MT.ref.{lang}")]]
        ]
        name = self.name if self.text == "normalised" else f"{self.name}-{self.text}"
        return pair_task(name, sets, group_kind="post", licence=self.licence, source=self.source, directions=("there",))


def _documents(path: Path, posts: Sequence[str]) -> list[str]:
    """Return the document of every line; raise DataError naming the first line whose text is not that of the posts."""
    rows = [line.split("\t", 1) for line in read_lines(path)]
    for number, row in enumerate(rows, 1):
        if len(row) != 2 or number > len(posts) or row[1].strip() != posts[number - 1].strip():
            raise DataError(
                f"{path}:{number}: expected a document number, a tab and line {number} of the posts; get both files again"
            )
    if len(rows) < len(posts):
        raise DataError(f"{path} has {len(rows)} lines, but the posts have {len(posts)}; get both files again")
    return [f"post-{document}" for document, _ in rows]
