"""``python -m tests.speed.long_texts``: seconds of CPU that each kind of noise takes for one text of 10,000 to a million characters."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence
from typing import Final

from robustir.errors import InputError
from robustir.noise.applying import noise_keys
from robustir.noise.prepared import prepare
from robustir.types import QuerySet

_SOURCES: Final = {
    "en": "where is the longest river of Africa and who was the first president of 1999 in 3.5 days, asked Maria?",
    "zh": "非洲最长的河流在哪里，谁是第一任总统？1999年有3.5天。",
    "th": "แม่น้ำที่ยาวที่สุดในแอฟริกาอยู่ที่ไหน และใครเป็นประธานาธิบดีคนแรก",
}
_SPECS: Final = (
    *("typos", "keyboard", "casing", "diacritics", "homoglyph", "punctuation", "spacing", "stopwords", "shuffle-words"),
    *(
        "ocr",
        "phonetic",
        "asr",
        "chat",
        "code-switch(into='de')",
        "code-switch(into='en')",
        "transliterate",
        "mt-channel",
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line per kind of noise."""
    parser = argparse.ArgumentParser(prog="python -m tests.speed.long_texts", description=__doc__)
    parser.add_argument("--lang", choices=_SOURCES, default="en")
    parser.add_argument("--characters", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    options = parser.parse_args(arguments)
    print(f"{'noise':26}" + "".join(f"{number:>12,}" for number in options.characters))
    for spec in _SPECS:
        try:
            _seconds(spec, options.lang, 30)  # loads what the noise needs
            seconds = [_seconds(spec, options.lang, number) for number in options.characters]
        except InputError:
            continue  # not in this language, or not installed
        print(f"{spec:26}" + "".join(f"{one:12.3f}" for one in seconds), flush=True)
    return 0


def _seconds(spec: str, lang: str, characters: int) -> float:
    prepared = prepare(spec)
    if not prepared.applicable([lang]):
        raise InputError(f"{spec} does not know {lang}")
    queries = QuerySet.from_texts([_text(characters, lang)], lang=lang, ids=["a"])
    keys = noise_keys(prepared, queries, seed=0, draw=0)
    begin = time.process_time()
    prepared.apply(queries, severity=0.5, keys=keys)
    return time.process_time() - begin


def _text(characters: int, lang: str) -> str:
    chance, apart = random.Random(1), " " if lang == "en" else ""
    words = _SOURCES[lang].split(" ") if apart else [_SOURCES[lang]]
    return apart.join(chance.choices(words, k=characters))[:characters]


if __name__ == "__main__":
    sys.exit(main())
