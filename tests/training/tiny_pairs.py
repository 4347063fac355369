"""Tiny training data in the formats of the real one: sentences of eight nouns and four verbs in three languages."""

from __future__ import annotations

import json
from pathlib import Path

NOUNS = [
    ("river", "fluss", "río"), ("house", "haus", "casa"), ("tree", "baum", "árbol"), ("water", "wasser", "agua"),
    ("bread", "brot", "pan"), ("book", "buch", "libro"), ("night", "nacht", "noche"), ("dog", "hund", "perro"),
]  # fmt: skip
VERBS = [("sees", "sieht", "ve"), ("has", "hat", "tiene"), ("finds", "findet", "encuentra"), ("knows", "kennt", "sabe")]

# A configuration for them, but for steps and model.
SETTINGS = {
    "name": "tiny",
    "sampling": "hybrid",
    "languages": ["en", "de", "es"],
    "sources": ["tatoeba", "flores", "qa"],
    "parts": 0.3,
}


def sentence(number: int, lang: int) -> str:
    one, other, verb = NOUNS[number % 8], NOUNS[(number // 8) % 8], VERBS[(number // 64) % 4]
    return f"{one[lang]} {verb[lang]} {other[lang]} {number + 100}"


def write_data(folder: Path) -> Path:
    """Write translations, parallel sentences, one test sentence and questions into a data folder."""
    for name in ("train/tatoeba-opus", "flores/dev", "flores/devtest", "train/qa"):
        (folder / name).mkdir(parents=True)
    for lang, column in (("de", 1), ("es", 2)):
        rows = [f"{sentence(number, 0)}\t{sentence(number, column)}" for number in range(200)]
        (folder / f"train/tatoeba-opus/en-{lang}.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    for column, lang in enumerate(("en", "de", "es")):
        lines = [sentence(number, column) for number in range(120, 240)]
        (folder / f"flores/dev/{lang}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    # Written differently, the same sentence: it must not be trained on.
    (folder / "flores/devtest/de.txt").write_text("FLUSS, sieht fluss: 100!\n", encoding="utf-8")
    rows = [json.dumps({"question": f"who {sentence(n, 0)}?", "passage": sentence(n, 0)}) for n in range(50)]
    (folder / "train/qa/en.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    """What the encoder is; the checkpoint's archive holds times."""
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if path.name != "checkpoint.pt"}
