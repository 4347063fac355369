"""The form of numbers, languages and untrusted texts in a report."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from robustir.languages import language
from robustir.stats import letter

__all__ = [
    "MINUS",
    "axis_step",
    "clean_text",
    "interval",
    "join_words",
    "language_name",
    "letters_text",
    "measure_name",
    "number",
    "p_value",
    "percent",
    "points",
    "setting_name",
    "setting_text",
    "severity_text",
    "signed_points",
    "thousands",
    "without_folders",
]

MINUS = "−"
_ABSENT = "–"
# XML 1.0 allows no C0 controls but tab and newline, UTF-8 no lone surrogates; the C1 controls have no glyph anywhere.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

# The field has special names for means over queries.
_MEASURES = {"AP": "mAP", "RR": "MRR"}

# Characters that reorder, hide or join without being seen. Joiners in and after scripts that are spelled with them stay.
_UNSEEN = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]|(?<![\u0590-\U0003ffff])[\u200c\u200d]"
)


_FOLDERS = re.compile(
    r"""(?<![^\s'"(=,;:])(?:~?/(?:[\w.@+-]+/)+|[A-Za-z]:[\\/]+(?:[\w.@+ -]+[\\/]+)*)(?=[\w.@+-])"""  # up to a path's last part
)


def without_folders(text: str) -> str:
    """Return the text with the last part alone of every path that is absolute or begins at a home folder."""
    return _FOLDERS.sub("", text) if "/" in text or "\\" in text else text


def clean_text(text: object) -> str:
    """Return text that every output format can hold and a reader can see.

    A character that some format cannot hold becomes U+FFFD; bidi controls and characters without width become marks such
    as [U+202E].
    """
    held = _UNPRINTABLE.sub("\ufffd", str(text).replace("\r\n", "\n"))
    return _UNSEEN.sub(lambda found: f"[U+{ord(found.group()):04X}]", held)


def number(value: float, digits: int = 1) -> str:
    """Return a number with a true minus sign; NaN becomes a dash, and a rounded zero has no sign."""
    if not math.isfinite(value):
        return _ABSENT
    text = f"{abs(value):.{digits}f}"
    return MINUS + text if value < 0 and float(text) != 0 else text


def points(value: float, digits: int = 1) -> str:
    """Return a measure in points (hundredths)."""
    return number(100 * value, digits)


def signed_points(value: float, digits: int = 1) -> str:
    """Return a difference in points, with its sign."""
    text = points(value, digits)
    return "+" + text if value > 0 and text.strip("0.") else text


def percent(value: float, digits: int = 0) -> str:
    """Return a share as percent."""
    return number(100 * value, digits) + "\u202f%" if math.isfinite(value) else _ABSENT


def interval(low: float, high: float, scale: float = 100.0, digits: int = 1) -> str:
    """Return an interval in brackets, "" if it is unknown."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"[{number(scale * low, digits)}, {number(scale * high, digits)}]"


def p_value(value: float) -> str:
    """Return a p-value with two significant digits; below 0.0001 as a bound."""
    if not math.isfinite(value):
        return _ABSENT
    if value < 0.0001:
        return "<0.0001"
    return f"{value:.4f}" if value < 0.01 else f"{value:.3f}"


def equals_p(value: float) -> str:
    """Return a p-value for a sentence: with its sign of equality, or as a bound."""
    text = p_value(value)
    return text if text.startswith("<") else f"= {text}"


def lead(names: tuple[str, str], difference: float, low: float, high: float) -> tuple[str, str, str]:
    """Return which of A and B a difference A - B puts ahead, which behind, and by how much, in words."""
    ahead, behind = names if difference > 0 else names[::-1]
    low, high = (low, high) if difference > 0 else (-high, -low)
    return ahead, behind, f"by {points(abs(difference))} points, interval {interval(low, high)}"


def axis_step(end: float) -> float:
    """Return the distance between the ticks of an axis from 0 to ``end``, so that there are at most six steps."""
    return next((step for limit, step in ((10.0, 2.0), (25.0, 5.0), (60.0, 10.0)) if end <= limit), 20.0)


def severity_text(value: object) -> str:
    """Return a severity (0.30000000000000004 as 0.3, the word ``curve`` as it is)."""
    try:
        return f"{float(str(value)):g}"
    except ValueError:
        return str(value)


def language_name(code: str) -> str:
    """Return the English name of a language, or the code if the name is unknown."""
    return language(code).name


def measure_name(measure: str) -> str:
    """Return the name of a measure's mean over queries (AP becomes mAP)."""
    return _MEASURES.get(measure, measure)


_SETTINGS = {
    "mono": ("Same language", "passages in the query’s language"),
    "cross": ("Other language", "passages in another language"),
    "cross-embedded": ("Mixed-in language", "passages in the language mixed into the query"),
    "multi": ("All languages together", "passages in all languages"),
}


def setting_name(setting: str) -> str:
    """Return a setting in plain words (mono: Same language)."""
    return _SETTINGS.get(setting, (setting, ""))[0]


def setting_text(setting: str) -> str:
    """Return what a setting means, after its own name."""
    return f"{_SETTINGS[setting][1]} ({setting})" if setting in _SETTINGS else setting


def letters_text(places: Sequence[int]) -> str:
    """Return the letters of encoders by their numbers, ascending; four or more in a row as a range (a–d)."""
    runs: list[list[int]] = []
    for place in places:
        if runs and place == runs[-1][-1] + 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    parts = [
        [f"{letter(run[0])}–{letter(run[-1])}"] if len(run) > 3 else [letter(place) for place in run] for run in runs
    ]
    found = [part for run in parts for part in run]
    return ("" if all(len(part) == 1 for part in found) else ",").join(found)


def thousands(count: int) -> str:
    """Return a whole number with thin spaces between its thousands."""
    return f"{count:,}".replace(",", "\u202f")


def join_words(words: Sequence[str], limit: int = 12) -> str:
    """Return ``a, b and c``; a longer list is cut and counted."""
    if len(words) > limit:
        return f"{', '.join(words[:limit])} and {len(words) - limit} more"
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
