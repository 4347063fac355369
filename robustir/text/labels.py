"""Whether texts look like the language that they are labelled with: the wrong label makes BM25 and noise do the wrong thing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from robustir.languages import Language, is_known, language

__all__ = ["label_notes", "merged_notes"]

_SAMPLE = 200  # texts looked at per language
_FEWEST = 20  # with fewer letters than this, nothing is said
_OWN = 0.5  # share of letters in the language's own script below which its label is doubted
_SPARSE = 0.02  # white space per letter below which a text counts as written without spaces

# ISO 15924 codes of writing systems that Unicode holds as one or several scripts.
_PARTS = {
    "Hans": ("Hani", "Bopo"), "Hant": ("Hani", "Bopo"), "Jpan": ("Hani", "Hira", "Kana"), "Kore": ("Hang", "Hani"),
    "Aran": ("Arab",),
}  # fmt: skip
# Languages in common use in a second script of the same direction.
_ALSO = {
    "az": ("Cyrl",), "ber": ("Tfng",), "bs": ("Cyrl",), "crh": ("Cyrl",), "kab": ("Tfng",), "kk": ("Latn",),
    "sr": ("Latn",), "tg": ("Latn",), "tk": ("Cyrl",), "tt": ("Latn",), "tzm": ("Tfng",), "uz": ("Cyrl",),
}  # fmt: skip
_COMMON = (
    "Latn",
    "Cyrl",
    "Arab",
    "Hani",
    "Hira",
    "Kana",
    "Hang",
    "Deva",
    "Grek",
    "Hebr",
    "Thai",
    "Beng",
    "Ethi",
    "Taml",
)
_NAMES = {
    "Latn": "Latin", "Cyrl": "Cyrillic", "Arab": "Arabic", "Hani": "Chinese", "Hira": "Japanese", "Kana": "Japanese",
    "Hang": "Korean", "Deva": "Devanagari", "Grek": "Greek", "Hebr": "Hebrew", "Beng": "Bengali", "Ethi": "Ethiopic",
    "Taml": "Tamil",
}  # fmt: skip


def label_notes(texts: Sequence[str], langs: Sequence[str], what: str) -> list[str]:
    """Return a sentence for each language whose texts are in another script, or unknown and written without spaces.

    what: what the texts are, in the plural, such as "queries". 200 texts of each language are looked at.
    """
    by_lang: dict[str, list[int]] = {}
    for row, lang in enumerate(langs):
        by_lang.setdefault(lang, []).append(row)
    notes = []
    for lang, rows in by_lang.items():
        step = -(-len(rows) // _SAMPLE)
        note = _doubt(language(lang), "".join(f"{texts[row]}\n" for row in rows[::step]))
        if note:
            notes.append(f"{what} labelled {lang!r} {note}")
    return notes


def _doubt(known: Language, text: str) -> str:
    letters = sum(char.isalpha() for char in text)
    if letters < _FEWEST:
        return ""
    if known.script != "Zyyy":
        own = (*_PARTS.get(known.script, (known.script,)), *_ALSO.get(known.code, ()))
        if sum(_letters_of(text, own).values()) >= _OWN * letters:
            return ""
        found = _letters_of(text, _COMMON)
        name = _script_name(found.most_common(1)[0][0]) if found else "other"
        return (
            f"are mostly in {name} letters, and {known.name} is written in others; give them their own language's code, "
            "or name the script (hi-Latn: Hindi in Latin letters)"
        )
    if not is_known(known.code) and _is_unspaced(text, letters):
        return (
            "are written without spaces, and the code is not known: they count as one long word each, so noise and BM25 "
            "hardly work; give them their language's code (ISO 639 or BCP 47, such as zh, ja, th)"
        )
    return ""


def _is_unspaced(text: str, letters: int) -> bool:
    return sum(char.isspace() and char != "\n" for char in text) < _SPARSE * letters


def _letters_of(text: str, scripts: Iterable[str]) -> Counter[str]:
    import regex

    counts = {script: len(regex.findall(rf"[\p{{Script={script}}}&&\p{{L}}]", text, regex.V1)) for script in scripts}
    return Counter({script: count for script, count in counts.items() if count})


def _script_name(script: str) -> str:
    return _NAMES.get(script, script)


def merged_notes(written: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a sentence for each language that data calls by several codes, which count as one."""
    return [
        f"the codes {', '.join(names)} count as one language, {code}"
        for code, names in written.items()
        if len(names) > 1
    ]
