"""Every rule-based family beside the nearest work of nlpaug, in one process: ``python -m tests.speed.peers [FAMILY ...]``.

TextAttack is left out: its homoglyphs need a file that its wheel lacks, and it makes one variant at a time as nlpaug does.

The times are seconds of one processor, the best of several rounds, on the same English questions (German ones for
``diacritics``) at severity 0.3: for robustir the batch call, and for ``typos`` the public route too, with keys, checks of
texts and the realised dose.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any, Final

from robustir.noise.applying import perturb
from robustir.perturbations.tables.lexicons import load_lexicon
from robustir.plugins.registry import create
from robustir.seeds import derive_keys
from robustir.types import QuerySet
from tests.speed.test_speed_typos import TEXTS, best_seconds, questions

_THEIRS: Final = (
    1_000  # texts that the peer is timed on: it goes text by text, so that its rate does not depend on their number
)
_ROUNDS: Final = 5
_CHARS: Final[Mapping[str, Any]] = {"aug_word_p": 0.3, "aug_word_max": None, "aug_char_max": 1}
_WORDS: Final[Mapping[str, Any]] = {"aug_p": 0.3, "aug_max": None}

# The nearest peer of each family: its module and class in nlpaug, with options. transliterate has none.
NEAREST: Final[Mapping[str, tuple[str, str, Mapping[str, Any]]]] = {
    "typos": ("char", "KeyboardAug", _CHARS),
    "keyboard": ("char", "KeyboardAug", _CHARS),
    "insert": ("char", "RandomCharAug", {"action": "insert", **_CHARS}),
    "delete": ("char", "RandomCharAug", {"action": "delete", **_CHARS}),
    "transpose": ("char", "RandomCharAug", {"action": "swap", **_CHARS}),
    "ocr": ("char", "OcrAug", _CHARS),
    "homoglyph": ("char", "OcrAug", _CHARS),
    "diacritics": ("char", "RandomCharAug", {"action": "substitute", **_CHARS}),
    "phonetic": ("word", "SpellingAug", _WORDS),
    "asr": ("word", "SpellingAug", _WORDS),
    "chat": ("word", "SpellingAug", _WORDS),
    "casing": ("word", "RandomWordAug", {"action": "swap", **_WORDS}),
    "punctuation": ("char", "RandomCharAug", {"action": "insert", **_CHARS}),
    "spacing": ("word", "SplitAug", _WORDS),
    "stopwords": ("word", "RandomWordAug", {"action": "delete", **_WORDS}),
    "shuffle-words": ("word", "RandomWordAug", {"action": "swap", **_WORDS}),
    "code-switch(into='es')": ("word", "ReservedAug", {"aug_p": 0.3}),
    "mt-channel": ("word", "SpellingAug", _WORDS),
}
_IN: Final = {"diacritics": "de"}


def peer(family: str) -> Callable[[str], object]:
    """Return what the nearest peer of a family makes of one text."""
    module, name, options = NEAREST[family]
    import nlpaug.augmenter.char
    import nlpaug.augmenter.word

    if name == "ReservedAug":
        entries = list(load_lexicon("en", "es").entries.items())[:2000]
        options = {**options, "reserved_tokens": [[word, found[0][0]] for word, found in entries]}
    augmenter = getattr(getattr(nlpaug.augmenter, module), name)(**options)
    augment: Callable[[str], object] = augmenter.augment
    return augment


def rates(family: str, root: Path) -> tuple[float, float]:
    """Return texts per second of one processor: of the family, and of its nearest peer."""
    lang = _IN.get(family, "en")
    texts = questions(lang, root)
    theirs = peer(family)
    part = texts[:_THEIRS]
    made, langs = create("perturbation", family), [lang] * TEXTS
    keys = derive_keys(("speed",), langs, [str(number) for number in range(TEXTS)], 0)

    def work() -> object:
        return made.apply_batch(texts, langs=langs, severity=0.3, keys=keys)

    work()
    slow = best_seconds(lambda: [theirs(text) for text in part], 2, time.process_time)
    return TEXTS / best_seconds(work, _ROUNDS, time.process_time), len(part) / slow


def public_rate(root: Path) -> float:
    """Return questions per second of the public route for English ``typos``, a new draw each time."""
    queries = QuerySet.from_texts(questions("en", root), lang="en")
    draws = count(1)
    perturb(queries, "typos", severity=0.3)  # loads the tables and reads the clean texts
    route = best_seconds(lambda: perturb(queries, "typos", severity=0.3, draw=next(draws)), 60, time.process_time)
    return TEXTS / route


def main() -> None:
    """Print the table, of all families or of those that are named."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=f"some of {', '.join(NEAREST)}; by default all")
    asked = parser.parse_args().families
    if unknown := sorted(set(asked) - set(NEAREST)):
        parser.error(f"{', '.join(unknown)}: not a family of the table; there are {', '.join(NEAREST)}")
    root = Path(__file__).resolve().parents[2]
    print("| family | texts/s | nearest peer | its texts/s | times as fast |\n|---|---|---|---|---|")
    for family, (_, name, options) in NEAREST.items():
        if asked and family not in asked:
            continue
        ours, theirs = rates(family, root)
        action = f" ({options['action']})" if "action" in options else ""
        print(f"| `{family}` | {ours:,.0f} | nlpaug {name}{action} | {theirs:,.0f} | {ours / theirs:.0f} |", flush=True)
        if family == "typos":
            route = public_rate(root)
            print(
                f"| `typos`, public route | {route:,.0f} | the same | {theirs:,.0f} | {route / theirs:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
