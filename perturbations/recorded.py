"""Noise that was recorded from people or systems: an aligned file of noisy queries as a perturbation."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar

import numpy as np

from robustir.errors import DataError, SpecError
from robustir.languages import normalise
from robustir.perturbations.tables.recordings import Layout, Recording, read_recording
from robustir.plugins.shown import Shown
from robustir.seeds import Stream, key_array, uniforms
from robustir.text.corresponding import misaligned
from robustir.types import QuerySet

__all__ = ["Recorded"]

_LOG = logging.getLogger(__name__)
_EXAMPLES = 3  # ids shown on each side of a mismatch
_CHECKED = 500  # queries that ``robustir check`` tries


class Recorded(Shown):
    """Queries as they were recorded with noise, looked up by query id, or by source id if the query id is unknown.

    A row with an empty text counts as not recorded; an empty query stays empty.

    Args:
        file: JSON lines with ``_id``, ``text`` and optionally ``lang``, or two columns (id, tab, text); looked for in
            $ROBUSTIR_DATA (or the user's data folder), then from the current folder.
        files: several such files, from weak to strong noise, instead of one.
        lang: code of the language of rows without one.
        coverage: the least share of queries, from 0 to 1, that must be recorded; the others stay clean and are counted in
            a warning.
        natural: whether people, or systems at work, made the noise; False for recordings of synthetic noise. Findings
            hold natural noise against the synthetic kinds that a suite says imitate it.
        lines: the file has a text per line and no ids: line n, from 0, is the query with the source id n in four digits,
            as rocs-mt and flores number their sentences.
        column: the file is a table with a header; row n of this column is the query with the source id n.
        kinds: the file is RoCS-MT's annotation of tokens: the noise is the written tokens whose kinds of error are all
            among these (spelling_error, capitalisation, ...); the rest of the text is as it was normalised.

    Raises:
        SpecError: for both file and files, a coverage outside [0, 1], or several of lines, column and kinds.
        DataError: for a file that is missing or damaged, or holds an id twice.
    """

    name: ClassVar[str] = "recorded"
    languages: frozenset[str] | None = frozenset()
    nested: bool = True
    nesting_note: str = ""
    severity_meaning: ClassVar[str] = (
        "expected share of queries that are replaced by their recorded version; with n files, a query takes step k or k + 1 "
        "for a severity between k/n and (k + 1)/n, so that severity k/n is the k-th file"
    )
    needs: ClassVar[str] = (
        "give it a file, such as  recorded(file='noiseqa/natural/xquad-asr-natural.jsonl')  inside the data folder"
    )
    source: ClassVar[str] = "the file itself, such as NoiseQA (Ravichander et al., 2021), github.com/noiseQA/NoiseQA"

    def __init__(
        self,
        file: str = "",
        files: Sequence[str] = (),
        lang: str = "en",
        coverage: float = 0.9,
        *,
        natural: bool = True,
        lines: bool = False,
        column: str = "",
        kinds: Sequence[str] = (),
    ) -> None:
        if file and files:
            raise SpecError("recorded takes file= or files=, not both")
        if isinstance(files, str):
            raise SpecError(f"recorded(files={files!r}): give several files as a tuple, or one as file=")
        if not 0 <= coverage <= 1:
            raise SpecError(f"recorded(coverage={coverage!r}): give the least share of recorded queries, from 0 to 1")
        self.files: tuple[str, ...] = (file,) if file else tuple(files)
        if sum((lines, bool(column), bool(kinds))) > 1:
            raise SpecError("recorded takes one of lines=True, column= and kinds=: a file has one layout")
        self.lang = normalise(lang)
        self.coverage = coverage
        self.natural = natural
        self.layout = Layout(lines, column, (kinds,) if isinstance(kinds, str) else tuple(kinds))
        if self.files:  # without one there is only a description to show
            self.languages = frozenset.intersection(*(recording.languages for recording in self._recordings))
            self.nested = len(self.files) == 1
        if not self.nested:
            self.nesting_note = "each query climbs the ladder of files in order, and every file words it differently"

    @cached_property
    def _recordings(self) -> tuple[Recording, ...]:
        return tuple(read_recording(name, self.lang, self.layout) for name in self.files)

    @cached_property
    def version(self) -> str:
        """The digest of the files: other recordings are another noise."""
        return " ".join(["1", *(recording.digest for recording in self._recordings)])

    def __call__(self, text: str, *, lang: str, severity: float, rng: Stream) -> str:
        """Return ``text`` at severity 0. Raises SpecError above: a recording is found by the id of a query."""
        if severity == 0:
            return text
        raise SpecError(
            "recorded noise is looked up by query id, which a text alone does not have; use robustir.perturb(queries, ...)"
        )

    def apply_queries(self, queries: QuerySet, *, severity: float, keys: Sequence[bytes]) -> list[str]:
        """Return the recorded text of each query that reaches a step of the ladder, else its clean text.

        Raises SpecError without a file, DataError where fewer queries than ``coverage`` are recorded.
        """
        if not self.files:
            raise SpecError(f"recorded has no file; {self.needs}")
        steps = [_matched(recording, queries) for recording in self._recordings]
        for recording, texts in zip(self._recordings, steps, strict=True):
            self._check_coverage(recording, queries, texts)
            if self.layout.by_line:
                _check_lines(recording, queries, texts)
        turn = uniforms(key_array(keys), np.zeros(len(queries), dtype=np.int64))
        # A query reaches step k where (k - 1 + its uniform number) / steps is below the severity.
        reached = np.clip(np.ceil(severity * len(steps) - turn), 0, len(steps)).astype(int).tolist()
        return [
            steps[step - 1].get(row, clean) if step and clean.strip() else clean
            for row, (clean, step) in enumerate(zip(queries.texts, reached, strict=True))
        ]

    def example_queries(self) -> QuerySet:
        """Return queries of its files for ``robustir check``; their clean texts are not known, so their ids take the place."""
        if not self.files:
            return QuerySet.from_texts([], lang="en")
        shared = set.intersection(*(set(recording.texts) for recording in self._recordings))
        rows = sorted(shared)[:_CHECKED]
        sources = tuple(name for _, name in rows)
        names = tuple(f"{lang} {name}" for lang, name in rows)
        return QuerySet(
            names, tuple(f"query {name}" for name in sources), tuple(lang for lang, _ in rows), sources, names
        )

    def _check_coverage(self, recording: Recording, queries: QuerySet, texts: Mapping[int, str]) -> None:
        missing = [row for row in range(len(queries)) if row not in texts]
        if not missing:
            return
        share = 1 - len(missing) / len(queries)
        if not texts or share < self.coverage:
            wanted = ", ".join(f"{queries.source_ids[row]} ({queries.langs[row]})" for row in missing[:_EXAMPLES])
            there = ", ".join(f"{name} ({lang})" for lang, name in list(recording.texts)[:_EXAMPLES])
            raise DataError(
                f"{recording.path} has {len(texts)} of {len(queries)} queries, below coverage={self.coverage:g}: it lacks "
                f"{wanted} and holds {there or 'no text'}; give the file of this benchmark, or a lower coverage"
            )
        _LOG.warning("%s lacks %d of %d queries; they stay clean", recording.path, len(missing), len(queries))


def _matched(recording: Recording, queries: QuerySet) -> dict[int, str]:
    """Return row to recorded text."""
    texts = {}
    for row, (name, source, lang) in enumerate(zip(queries.ids, queries.source_ids, queries.langs, strict=True)):
        text = recording.texts.get((lang, name)) or recording.texts.get((lang, source))
        if text:
            texts[row] = text
    return texts


def _check_lines(recording: Recording, queries: QuerySet, texts: Mapping[int, str]) -> None:
    """Refuse lines that are found by number alone and do not correspond to the queries; DataError names them."""
    rows = sorted(texts, key=lambda row: queries.source_ids[row])
    found = misaligned([queries.texts[row] for row in rows], [texts[row] for row in rows])
    if found is not None:
        first, last = (queries.source_ids[rows[place]] for place in (found.first, found.end - 1))
        raise DataError(
            f"{recording.path}: lines {first} to {last}, counted from 0, do not correspond to the queries ({found.reason}); "
            "give the file that is parallel to this benchmark"
        )
