from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustir.reports.formats import (
    clean_text,
    interval,
    join_words,
    number,
    p_value,
    percent,
    severity_text,
    signed_points,
)
from robustir.reports.sections.examples import changed_segments
from robustir.reports.sections.languages import heat_level


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (number(-0.04), "0.0"),
        (number(-1.25, 2), "−1.25"),
        (number(math.nan), "–"),
        (number(math.inf), "–"),
        (signed_points(0.123), "+12.3"),
        (signed_points(-0.123), "−12.3"),
        (signed_points(0.0001), "0.0"),
        (percent(0.5), "50\u202f%"),
        (percent(math.nan), "–"),
        (interval(-0.01, 0.02), "[−1.0, 2.0]"),
        (interval(math.nan, 0.02), ""),
        (p_value(0.00009), "<0.0001"),
        (p_value(0.0004), "0.0004"),
        (p_value(0.0412), "0.041"),
        (p_value(1.0), "1.000"),
        (severity_text(0.1 + 0.2), "0.3"),
        (severity_text("0.5"), "0.5"),
        (severity_text("curve"), "curve"),
        (join_words(["a"]), "a"),
        (join_words(["a", "b", "c"]), "a, b and c"),
        (join_words(["a", "b", "c"], 2), "a, b and 1 more"),
    ],
)
def test_numbers_are_written_for_readers(written: str, expected: str) -> None:
    assert written == expected


@pytest.mark.parametrize(
    ("delta", "level"),
    [
        (0.0, 0),
        (-0.0049, 0),
        (-0.005, -1),
        (0.02, 2),
        (-0.0999, -3),
        (-0.1, -4),
        (0.2, 5),
        (-1.0, -5),
        (math.nan, None),
    ],
)
def test_heat_steps(delta: float, level: int | None) -> None:
    assert heat_level(delta) == level


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_clean_text_fits_into_xml_and_utf8_and_is_stable(text: str) -> None:
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    cleaned.encode("utf-8")
    assert all(character in "\t\n" or ord(character) >= 32 for character in cleaned)


def test_clean_text_keeps_scripts_and_joiners() -> None:
    assert clean_text("क्‍ष 中 👩‍🔬 می\u200cخواهم") == "क्‍ष 中 👩‍🔬 می\u200cخواهم"


def test_what_reorders_or_hides_is_shown_as_a_mark() -> None:
    assert clean_text("a\u202eb\u202c") == "a[U+202E]b[U+202C]"
    assert (
        clean_text("pay\u200bpal\ufeff so\u00adft ri\u200dver") == "pay[U+200B]pal[U+FEFF] so[U+00AD]ft ri[U+200D]ver"
    )
    assert clean_text("\u2066x\u2069 \u200fy") == "[U+2066]x[U+2069] [U+200F]y"
    assert clean_text("a\x00b\ud800c") == "a\ufffdb\ufffdc"


@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from(["en", "ar", "zh", "th", "hi"]))
@settings(max_examples=60, deadline=None)
def test_segments_spell_the_texts_and_mark_only_differences(clean: str, noisy: str, lang: str) -> None:
    old, new = changed_segments(clean, noisy, lang)
    assert "".join(part.text for part in old) == clean
    assert "".join(part.text for part in new) == noisy
    if clean == noisy:
        assert not any(part.changed for part in (*old, *new))
    kept_old, kept_new = (
        "".join("".join(part.text for part in side if not part.changed).split()) for side in (old, new)
    )
    assert kept_old == kept_new


def test_segments_are_words_or_clusters() -> None:
    old, new = changed_segments("where is the nile", "where iz teh nile", "en")
    assert [part.text for part in old if part.changed] == ["is the"]
    assert [part.text for part in new if part.changed] == ["iz teh"]
    old, _ = changed_segments("กำลัง", "กำลง", "th")
    assert [part.text for part in old if part.changed] == ["ลั"]
