"""Estimates of translation noise: what real systems made of FLORES dev, counted against its references."""

from __future__ import annotations

import html
import json
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from robustir.disk.atomic import write_text_atomically
from robustir.errors import DataError
from robustir.languages import LANGUAGES
from robustir.perturbations.mt.mt_rates import Table
from robustir.perturbations.mt.mt_words import RANKS, Frequent
from robustir.perturbations.tables.lexicons import fold
from robustir.perturbations.typing.keyboards import read_data
from robustir.resources.parallel_text import flores_dev, flores_outputs, required_lines
from robustir.resources.translation_noise.mt_alignment import Sentence, Tally, compare

__all__ = ["OPEN", "PAIRS", "Outputs", "build_frequent", "build_table", "count"]

PAIRS = tuple((source, target) for lang in LANGUAGES if lang != "en" for source, target in (("en", lang), (lang, "en")))
OPEN = (
    "argos",
    "bergamot",
    "nllb",
    "opusmt",
)  # trained on OPUS, in part (nllb) or in whole; others may be the best alone
_POOL = 20  # function words that are added
_LEAST_ADDED = 5


class Outputs:
    """The translations of one pair, with their references and originals, line by line."""

    def __init__(self, data: Path, source: str, target: str) -> None:
        self.source, self.target = source, target
        self.originals = flores_dev(data, source)
        self.references = flores_dev(data, target)
        # One of the services gives HTML: &#39; and &quot; stand for themselves.
        self.systems = {
            name: [html.unescape(line) for line in lines]
            for name, lines in flores_outputs(data, source, target).items()
        }
        if not any(name.startswith(OPEN) for name in self.systems):
            raise DataError(
                f"there are no translations {source}-{target}.SYSTEM.txt in {data / 'mt-outputs' / 'flores-dev'}"
            )
        for name, lines in (*self.systems.items(), (source, self.originals)):
            if len(lines) != len(self.references):
                raise DataError(
                    f"{source}-{target}: {len(lines)} lines of {name}, {len(self.references)} of the reference; they must be line by line"
                )


def count(outputs: Outputs, lines: Sequence[int]) -> dict[str, Tally]:
    """Return what each system did to the reference words of some lines."""
    source, target = outputs.source, outputs.target
    references = Sentence.all_of([outputs.references[line] for line in lines], target)
    originals = [frozenset(each.words) for each in Sentence.all_of([outputs.originals[line] for line in lines], source)]
    tallies = {}
    for name, texts in outputs.systems.items():
        tallies[name] = tally = Tally()
        made = Sentence.all_of([texts[line] for line in lines], target)
        for reference, sentence, original in zip(references, made, originals, strict=True):
            compare(reference, sentence, original, tally, (source, target))
    return tallies


def estimate(outputs: Outputs, lines: Sequence[int]) -> Table:
    """Return the table of a pair from some lines."""
    tallies = count(outputs, lines)
    counts = {name: tally.counts() for name, tally in tallies.items()}
    ranked = sorted(counts, key=lambda name: (-counts[name].kept, name))
    systems = tuple(name for name in ranked if name.startswith(OPEN) and name != ranked[0])
    if not systems:
        raise DataError(
            f"{outputs.source}-{outputs.target} has one system; the excess over the best system needs at least two"
        )
    pool = _pool([tallies[name] for name in systems], tallies[ranked[0]], outputs.target)
    return Table(outputs.source, outputs.target, ranked[0], counts, systems, pool)


def _pool(systems: Sequence[Tally], best: Tally, lang: str) -> dict[str, int]:
    """Return the function words that systems add more often than the best one; those of our own list alone."""
    own = {fold(word.replace("_", " "), lang) for word in read_data("stopwords", f"{lang}.json")["words"].split()}
    more: Counter[str] = Counter()
    for tally in systems:
        more.update({word: count - best.added_words[word] for word, count in tally.added_words.items() if word in own})
    chosen = [(word, count) for word, count in more.items() if count >= _LEAST_ADDED]
    return dict(sorted(chosen, key=lambda found: (-found[1], found[0]))[:_POOL])


def build_table(data: Path, source: str, target: str, out: Path) -> tuple[Path, Table]:
    """Estimate a pair from all lines and write ``out/SOURCE-TARGET.json``; the same data give the same bytes."""
    outputs = Outputs(data, source, target)
    table = estimate(outputs, range(len(outputs.references)))
    raw: dict[str, Any] = {
        "version": 1,
        "made by": "robustir mt-channel build",
        "from": "translations of FLORES dev by the systems named, published with mozilla/firefox-translations-models "
        "(MPL 2.0), counted against FLORES dev (CC BY-SA 4.0)",
        "lines": len(outputs.references),
        "source": source,
        "target": target,
        "best": table.best,
        "systems": list(table.systems),
        "pool": table.pool,
        "counts": {name: counts.as_json() for name, counts in sorted(table.counts.items())},
    }
    path = out / f"{source}-{target}.json"
    write_text_atomically(path, _compact(raw))
    return path, table


def build_frequent(data: Path, lang: str, out: Path) -> Path:
    """Write the filter of a language's most frequent words, ``out/frequent-LANG.json``."""
    words = [fold(line.split(" ")[0], lang) for line in required_lines(data / "frequency" / f"{lang}.txt")[:RANKS]]
    raw = {
        "version": 1,
        "made by": "robustir mt-channel build",
        "from": "OPUS OpenSubtitles word frequencies, hermitdave/FrequencyWords (CC BY-SA 4.0)",
        "words": len(words),
        "filter": b64encode(Frequent.of(words).bits).decode("ascii"),
    }
    path = out / f"frequent-{lang}.json"
    write_text_atomically(path, json.dumps(raw, indent=1) + "\n")
    return path


def _compact(raw: dict[str, Any]) -> str:
    """Return JSON with one line per system, so that a change can be read."""
    inner = {name: json.dumps(found) for name, found in raw.pop("counts").items()}
    pool = json.dumps(raw.pop("pool"), ensure_ascii=False)
    head = json.dumps(raw, indent=1, ensure_ascii=False).removesuffix("\n}")
    body = ",\n".join(f"  {json.dumps(name)}: {found}" for name, found in inner.items())
    return f'{head},\n "pool": {pool},\n "counts": {{\n{body}\n }}\n}}\n'
