"""Every data file says where it comes from, and what a perturbation claims it has data for."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from robustir.plugins.registry import create
from tests.strategies import LANGUAGES

FOLDER = Path(__file__).resolve().parents[2] / "perturbations" / "data"
FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file())


def test_there_are_data_files() -> None:
    assert len(FILES) > 70


@pytest.mark.parametrize("name", FILES)
def test_each_data_file_names_its_source(name: str) -> None:
    path = FOLDER / name
    if path.suffix == ".json":
        content = json.loads(path.read_text(encoding="utf-8"))
        # A calibration holds a table per spec; in a table of mt-channel "source" is a language.
        tables = content.values() if name.startswith("calibration/") else [content]
        key = "from" if name.startswith("mt_channel/") else "source"
        assert tables
        assert all(len(table[key]) > 20 for table in tables)
    else:
        assert path.name.endswith(".tsv.gz"), f"say here how {path.suffix} files name their source"
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            assert any(line.startswith("# source") for line in (next(lines) for _ in range(10)))


@pytest.mark.parametrize(
    ("spec", "languages"),
    [
        ("diacritics", {"ar", "de", "el", "es", "hi", "ru", "th", "tr", "vi"}),
        ("spacing", None),
        ("ocr", set(LANGUAGES)),
        ("asr", set(LANGUAGES)),
        ("chat", {"de", "en", "es", "ru", "tr", "vi"}),
        ("phonetic", {"de", "el", "en", "es", "ru", "th", "vi", "zh"}),
        ("casing", {"de", "el", "en", "es", "ru", "tr", "vi"}),
        ("punctuation", set(LANGUAGES)),
        ("stopwords", set(LANGUAGES)),
        ("homoglyph", set(LANGUAGES)),
        ("transliterate", {"ar", "el", "hi", "ru", "th", "vi", "zh"}),
    ],
)
def test_languages_of_surface_noise(spec: str, languages: set[str] | None) -> None:
    assert create("perturbation", spec).languages == languages


@pytest.mark.parametrize(
    ("lang", "word", "forms"),
    [
        ("ar", "\u0628\u064f\u0646\u064a", {"\u0628\u0646\u064a"}),  # harakat
        ("el", "γέφυρα", {"γεφυρα"}),  # tonos
        ("vi", "nước", {"nuoc"}),  # tones and the marks of letters
        ("de", "Brücke", {"Bruecke", "Brucke"}),  # umlauts
        ("es", "quién", {"quien"}),
        ("tr", "ırmağın", {"irmagin"}),  # dotless i
    ],
)
def test_diacritics_of_each_language(lang: str, word: str, forms: set[str]) -> None:
    made = create("perturbation", "diacritics")
    keys = [number.to_bytes(16, "little") for number in range(1, 20)]
    assert set(made.apply_batch([word] * len(keys), langs=[lang] * len(keys), severity=1.0, keys=keys)) == forms
