"""The tables of near words that the perturbation ``asr`` reads: one per language, made of words and their sounds."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Final

from robustir.disk.atomic import write_atomically
from robustir.perturbations.stopwords import function_words
from robustir.perturbations.tables.lexicons import fold
from robustir.resources.recognition.near_words import near_words
from robustir.resources.recognition.pronunciation import sounds
from robustir.resources.recognition.vocabulary import vocabulary

__all__ = ["build_table"]

_SPLIT: Final = frozenset(
    ("de", "el", "en", "es", "ru", "tr")
)  # where a space inside a word gives two words that are written so
_WORDS: Final = (
    "the most frequent words of OpenSubtitles (hermitdave/FrequencyWords, CC BY-SA 4.0) that edited text knows"
)
_READERS: Final = {
    "zh": "sounds and tones by pypinyin 0.55 (MIT)",
    "th": "sounds by the Royal Thai General System of Transcription (robustir)",
}
_BY_ESPEAK: Final = "sounds by espeak-ng 1.51 (the words that they bring together are facts, no part of its data)"


def build_table(data: Path, lang: str, out: Path, step: Callable[[], None]) -> tuple[Path, int]:
    """Write the table of a language into a folder; return its path and number of words. ``step`` is called once per word.

    Each line has a word in its usual case, the numbers of the words that it is taken for, nearest first, and pairs of
    numbers of words that sound as it does; the first line's word has the number 0. The same data and tools give the same bytes.
    Raises DataError if a file or espeak-ng is missing, MissingExtraError if pypinyin is.
    """
    words = vocabulary(data, lang)
    number = {word: place for place, word in enumerate(words)}
    lines = [
        f"# source: {_WORDS}; {_READERS.get(lang, _BY_ESPEAK)}",
        "# licence: CC BY-SA 4.0; made by: robustir asr build",
    ]
    found = near_words(
        words,
        sounds(words, lang),
        function_words(lang),
        lambda word: fold(word, lang),
        splits=lang in _SPLIT,
        progress=step,
    )
    for heard in found:
        others = " ".join(str(number[other]) for other in heard.others)
        pairs = " ".join(f"{number[one]}_{number[other]}" for one, other in heard.pairs)
        lines.append(f"{heard.word}\t{others}\t{pairs}".rstrip("\t"))
    path = out / f"{lang}.tsv.gz"
    content = gzip.compress(("\n".join(lines) + "\n").encode("utf-8"), compresslevel=9, mtime=0)
    write_atomically(path, lambda temporary: temporary.write_bytes(content))
    return path, len(words)
