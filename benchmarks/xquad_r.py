"""``xquad-r``: question to sentence retrieval over XQuAD with LAReQA's protocol (Roy et al. 2020, arXiv 2004.05484)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, Field

from robustir.benchmarks.files import chosen_languages, find_folder
from robustir.benchmarks.pinned import pinned
from robustir.disk.download import Remote
from robustir.disk.reading import read_json
from robustir.disk.shapes import Shape, shortened
from robustir.errors import DataError, SpecError
from robustir.languages import LANGUAGES
from robustir.types import Corpus, Qrels, QuerySet, Task, possible_settings

__all__ = ["PASSAGES", "Paragraph", "XQuADR", "paragraphs", "titles_of"]

PASSAGES = ("sentence", "sentence-in-context")


class _Answer(BaseModel):
    answer_start: int


class _Question(BaseModel):
    id: str
    question: str
    answers: Annotated[list[_Answer], Field(min_length=1)]


class Paragraph(BaseModel):
    """A paragraph with its sentences, where each begins and ends, and its questions."""

    context: str
    sentences: list[str]
    sentence_breaks: list[Annotated[list[int], Field(min_length=2, max_length=2)]]
    qas: list[_Question]


class _Article(BaseModel):
    title: str
    paragraphs: list[Paragraph]


class _File(BaseModel):
    data: list[_Article]


_SHAPE: Final = Shape[_File](_File)


class XQuADR:
    """1,190 questions in eleven languages; every sentence of every paragraph is a candidate.

    The relevant passage of a question is, in each language, the sentence that holds ``answer_start``.

    Args:
        passage: "sentence", or "sentence-in-context" (sentence, tab, paragraph) for encoders that take long text.
    """

    name = "xquad-r"
    languages: tuple[str, ...] = LANGUAGES
    folder = "xquad-r"
    licence = "CC-BY-SA-4.0"
    source = "https://github.com/google-research-datasets/lareqa @ 5405d2a77e83"

    def __init__(self, passage: str = "sentence") -> None:
        if passage not in PASSAGES:
            raise SpecError(f"xquad-r: passage must be one of {', '.join(PASSAGES)}, not {passage!r}")
        self.passage = passage

    def files(self) -> tuple[Remote, ...]:
        """Return what ``robustir fetch`` downloads."""
        return pinned(self.name)

    def articles(self, folder: Path) -> Mapping[str, str]:
        """Return the article of each question id whose title differs between languages: none in XQuAD-R."""
        del folder
        return {}

    def load(self, data: Path | None, languages: Sequence[str] | None = None) -> Task:
        """Return the task from ``data/xquad-r/<language>.json``."""
        folder = find_folder(data, self.folder, self)
        passages = _Passages([], [], [])
        questions: list[tuple[str, str, str, str]] = []  # language, question id, text, article
        relevant: dict[str, list[int]] = {}
        titles = self.articles(folder)
        for lang in chosen_languages(languages, self.languages, self.name):
            path = folder / f"{lang}.json"
            for number, article, paragraph in paragraphs(path):
                first = len(passages.ids)
                passages.add(lang, number, paragraph, in_context=self.passage == "sentence-in-context")
                for question in paragraph.qas:
                    group = titles.get(question.id, article)
                    questions.append((lang, question.id, question.question, group))
                    relevant.setdefault(question.id, []).append(first + _answer_sentence(path, paragraph, question))
        rows = [
            (query, passage, 1)
            for query, (_, source, _, _) in enumerate(questions)
            for passage in sorted(set(relevant[source]))
        ]
        queries = QuerySet(
            ids=tuple(f"{lang}-{source}" for lang, source, _, _ in questions),
            texts=tuple(text for _, _, text, _ in questions),
            langs=tuple(lang for lang, _, _, _ in questions),
            source_ids=tuple(source for _, source, _, _ in questions),
            groups=tuple(article for _, _, _, article in questions),
        )
        corpus = Corpus(tuple(passages.ids), tuple(passages.texts), tuple(passages.langs))
        return Task(
            name=self.name,
            queries=queries,
            corpus=corpus,
            qrels=Qrels.from_rows(rows),
            settings=possible_settings(queries, corpus),
            group_kind="article",
            licence=self.licence,
            source=self.source,
        )


def titles_of(path: Path) -> dict[str, str]:
    """Return the article of every question id of a file."""
    return {question.id: title for _, title, paragraph in paragraphs(path) for question in paragraph.qas}


class _Passages:
    def __init__(self, ids: list[str], texts: list[str], langs: list[str]) -> None:
        self.ids, self.texts, self.langs = ids, texts, langs

    def add(self, lang: str, number: int, paragraph: Paragraph, *, in_context: bool) -> None:
        for position, sentence in enumerate(paragraph.sentences):
            self.ids.append(f"{lang}-{number:03d}-{position:02d}")
            self.texts.append(f"{sentence}\t{paragraph.context}" if in_context else sentence)
            self.langs.append(lang)


def paragraphs(path: Path) -> list[tuple[int, str, Paragraph]]:
    """Return (paragraph number within the file, article title, paragraph); raise DataError naming what is wrong."""
    content: _File = read_json(path, _SHAPE, advice="an XQuAD-R file has sentence breaks; get it again")
    titled = [(article.title, paragraph) for article in content.data for paragraph in article.paragraphs]
    for number, (_, paragraph) in enumerate(titled):
        if len(paragraph.sentences) != len(paragraph.sentence_breaks):
            raise DataError(
                f"{path}: paragraph {number + 1} has {len(paragraph.sentences)} sentences but "
                f"{len(paragraph.sentence_breaks)} breaks; get the file again"
            )
    ids = [question.id for _, paragraph in titled for question in paragraph.qas]
    if not ids or not all(ids) or len(set(ids)) < len(ids):
        name = next((name for name, times in Counter(ids).items() if times > 1 or not name), None)
        what = "it has no question" if name is None else f"the question id {shortened(name)!r} is empty or occurs twice"
        raise DataError(f"{path}: {what}; get the file again")
    return [(number, title, paragraph) for number, (title, paragraph) in enumerate(titled)]


def _answer_sentence(path: Path, paragraph: Paragraph, question: _Question) -> int:
    start = question.answers[0].answer_start
    for position, (begin, end) in enumerate(paragraph.sentence_breaks):
        if begin <= start < end:
            return position
    raise DataError(
        f"{path}: the answer of question {shortened(question.id)} starts at {start}, outside every sentence; get the file again"
    )
