from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from robustir.analysis import Findings, empty_table
from robustir.analysis.claims import Kind
from robustir.analysis.uneven import with_dose_ratios
from robustir.errors import InputError, RunError
from robustir.reports import build, render_html
from robustir.reports.blocks import (
    Document,
    Examples,
    Figure,
    Notice,
    Panel,
    StripPanel,
    Table,
    direction,
    tables_of,
    walk_texts,
)
from robustir.reports.formats import language_name
from robustir.reports.renderers.drawing import colour
from robustir.reports.sections.matrix import _OTHERS, _SIGNS, signs
from robustir.reports.study import HUES
from tests.reports.factory import ENCODERS, LANGUAGES, SEVERITIES, Factory, table


@pytest.fixture(scope="module")
def document() -> Document:
    factory = Factory()
    return build(factory.findings(), factory.manifest())


def tables(document: Document) -> dict[str, Table]:
    return {table.id: table for table in tables_of(document.sections)}


def test_sections_stand_in_the_promised_order(document: Document) -> None:
    assert [section.id for section in document.sections] == [
        "scores",
        "languages",
        "curves",
        "comparisons",
        "examples",
        "validity",
        "bias",
        "methods",
        "clean-scores",
        "degradation",
        "failed-cells",
        "manifest",
    ]
    assert document.title == "4 encoders under typos and shuffle-words on mini"
    assert document.created[:10] == "2026-11-23"


def test_macro_table_shows_the_scores_in_points_with_interval_and_floor(document: Document) -> None:
    table = tables(document)["clean-mini"]
    assert [column.title for column in table.columns] == [
        "Encoder",
        "mono",
        "floor",
        "cross",
        "floor",
        "multi",
        "floor",
    ]
    hashing = table.rows[0]  # 0.62 in mono; 0.62 * 0.22 in cross; half width 0.028
    assert [cell.text for cell in hashing] == ["hashing", "62.0", "3.2", "13.6", "3.2", "50.2", "3.2"]
    assert (hashing[1].interval, hashing[3].interval) == ("[59.2, 64.8]", "[10.8, 16.4]")
    assert table.rows[3][1].text == "3.4†"  # random: 0.034 - 0.006 lies under the floor's upper limit 0.034


def test_cross_heat_map_averages_over_passage_languages(document: Document) -> None:
    # In the factory a pair's score depends on the query language alone: German 0.62 + 0.11 sin(1.7), times 0.22.
    german = 100 * 0.22 * (0.62 + 0.11 * math.sin(1.7))
    table = tables(document)["clean-mini-cross"]
    assert table.columns[2].title == "de"
    assert table.columns[2].hint == "German"
    assert table.rows[0][2].text == f"{german:.0f}" == "16"
    assert table.rows[0][2].heat == 1


def figures(document: Document, kind: str) -> list[Figure]:
    found = [block for part in document.sections for block in part.blocks if isinstance(block, Figure)]
    return [figure for figure in found if figure.id.startswith(kind)]


def test_curves_of_the_change_run_over_the_realised_dose_and_share_axes(document: Document) -> None:
    (drawn,) = figures(document, "curves")
    panels = [panel for panel in drawn.panels if isinstance(panel, Panel)]
    assert [panel.title for panel in panels] == ["typos · mono", "shuffle-words · mono"]
    # The worst is bm25: 57 * 0.8 * (1 - exp(-1.2)) = 31.9 points, interval to 35.8; random has +0.4 as upper limit.
    assert {(panel.y_min, panel.y_max) for panel in panels} == {(-40, 10)}
    assert "curves.csv has cross and multi too" in drawn.caption
    points = panels[0].series[0].points
    assert [point.x for point in points] == pytest.approx([0, *(93 * severity for severity in SEVERITIES)])
    lost = [62 * 0.34 * (1 - math.exp(-2.4 * severity)) for severity in SEVERITIES]
    assert [point.y for point in points] == pytest.approx([0, *(-loss for loss in lost)])
    assert points[-1].low == pytest.approx(-1.11 * lost[-1] - 0.4)
    assert drawn.x_max == 50


def test_two_severities_make_no_curve() -> None:
    findings = Factory().findings()
    few = findings.contrasts[findings.contrasts["severity"].isin(SEVERITIES[:2])]
    document = build(replace(findings, contrasts=few), findings.manifest)
    assert "curves" not in [section.id for section in document.sections]


@pytest.mark.parametrize(("size", "letters"), [(5, (1, 2, 3, 4)), (9, (0, 1, 2, 3))])
def test_of_many_encoders_four_are_in_colour_and_no_two_share_one(size: int, letters: tuple[int, ...]) -> None:
    encoders = tuple(f"encoder-{i}" for i in range(size))
    findings = Factory(encoders=encoders).findings()
    document = build(findings, findings.manifest)
    # The score is (0.3 + 0.05 i)(1 - loss(i)), loss 0.2 + 0.07 i of 0.51 at severity 0.3: it grows up to 7, and 8 is as 0.
    best = encoders[1:5] if size == 5 else tuple(encoders[at] for at in (7, 6, 5, 4))
    assert document.encoders[:4] == (encoders[:4] if size == 5 else best)
    for drawn in (*figures(document, "curves"), *figures(document, "strips")):
        assert drawn.keys == tuple(zip(best, letters, strict=True))
        assert len({colour(style) for _, style in drawn.keys}) == 4
        quiet = {series.name for series in drawn.panels[0].series if series.quiet}
        assert quiet == set(encoders) - set(best)
        assert f"in grey the other {'one' if size == 5 else 5}" in drawn.caption
    keyed = {cell.key for table in tables(document).values() for row in table.rows for cell in row} - {None}
    assert keyed == set(range(size))
    page = render_html(document)
    assert [f'class="key k{at}"' in page for at in range(size)] == [True] * size
    assert [f".k{at} {{" in page for at in range(size)] == [at < HUES for at in range(size)]


def test_an_encoder_near_its_floor_is_never_among_those_in_colour() -> None:
    encoders = tuple(f"encoder-{i}" for i in range(8))
    findings = Factory(encoders=encoders).findings()
    near = findings.scores["encoder"] == "encoder-7"  # the one with the highest scores
    document = build(replace(findings, scores=findings.scores.assign(near_floor=near)), findings.manifest)
    for drawn in (*figures(document, "curves"), *figures(document, "strips")):
        assert {name for name, _ in drawn.keys} == {encoders[at] for at in (3, 4, 5, 6)}


def test_an_encoder_near_its_floor_does_not_lead_the_areas(document: Document) -> None:
    """Random loses nothing, so its area is 1, the largest: it comes last, faint and marked, and the note says why."""
    for name in ("typos", "shuffle-words"):
        shown = tables(document)["areas-mini-typos"]
        at = next(number for number, column in enumerate(shown.columns) if column.title.startswith(name))
        areas = {(row[0].text, row[1].text): row[at] for row in shown.rows}
        for setting in ("mono", "cross", "multi"):
            own = [encoder for where, encoder in areas if where == setting]
            assert own == list(ENCODERS)
            marked = {encoder for encoder in own if areas[setting, encoder].mark == "faint"}
            assert marked == {"random"}
            assert areas[setting, "random"].text == "1.000†"
        assert "† near its floor, with nothing left to lose: no claim." in shown.note
    first = Factory(encoders=("random", "hashing", "bm25")).findings()
    rows = tables(build(first, first.manifest))["areas-mini-typos"].rows
    assert [row[1].text for row in rows[:3]] == ["hashing", "bm25", "random"]


def test_a_bias_that_no_query_has_is_a_reason_in_its_place() -> None:
    findings: Any = Factory().findings()
    reason = "not defined: no query has several relevant passages in one language beside those in another"
    rows = [
        {"benchmark": "mini", "encoder": name, "measure": "PEER", "query_lang": "all", "note": reason}
        for name in ENCODERS
    ]
    bias: Any = pd.concat([findings.bias.assign(note=""), table("bias", rows)], ignore_index=True)
    for frame, there in ((bias, True), (bias[bias["measure"] == "PEER"], False)):
        document = build(replace(findings, bias=frame), findings.manifest)
        (section,) = (one for one in document.sections if one.id == "bias")
        assert f"Probability of equal expected rank: {reason}." in list(walk_texts(section))
        assert any(isinstance(block, Table) for block in section.blocks) is there
        assert section.open != 0


def test_bold_in_a_heat_map_is_a_tested_change() -> None:
    """A cell of cross is the mean over the passage languages, which nothing tests; a single one is tested, and may be bold."""
    findings: Any = Factory().findings()
    document = build(findings, findings.manifest)
    for noise in ("typos", "shuffle-words"):
        bold = {
            setting: [
                cell.mark == "strong"
                for row in tables(document)[f"heat-mini-{noise}-{setting}"].rows
                for cell in row[2:]
            ]
            for setting in ("mono", "cross", "multi")
        }
        rows: Any = findings.contrasts[
            (findings.contrasts["perturbation"] == noise) & (findings.contrasts["severity"] == 0.3)
        ]
        for setting in ("mono", "multi"):
            there: Any = rows[(rows["setting"] == setting) & (rows["query_lang"] != "all")]
            assert sum(bold[setting]) == int(there["separated"].sum())
        assert not any(bold["cross"])
    assert any(bold["mono"]) or noise == "shuffle-words"
    one = findings.contrasts["passage_lang"].isin(["all", "de"]) | (findings.contrasts["setting"] != "cross")
    alone = tables(build(replace(findings, contrasts=findings.contrasts[one]), findings.manifest))
    assert any(cell.mark == "strong" for row in alone["heat-mini-typos-cross"].rows for cell in row[2:])


def test_a_cell_without_scores_has_no_point_and_no_claim() -> None:
    findings = Factory().findings()
    crashed = (findings.contrasts["encoder"] == "bm25") & (findings.contrasts["perturbation"] == "typos")
    pairs = findings.comparisons["perturbation"] == "typos"
    named = pairs & ((findings.comparisons["encoder_a"] == "bm25") | (findings.comparisons["encoder_b"] == "bm25"))
    kept = replace(findings, contrasts=findings.contrasts[~crashed], comparisons=findings.comparisons[~named])
    document = build(kept, findings.manifest)
    for kind in ("curves", "strips"):
        panel = figures(document, kind)[0].panels[0]
        assert panel.title == "typos · mono"
        assert [series.name for series in panel.series] == [name for name in ENCODERS if name != "bm25"]
    matrix = tables(document)["matrix-mini-mono-typos"]
    assert [row[0].text for row in matrix.rows] == [name for name in ENCODERS if name != "bm25"]
    row = tables(document)["heat-mini-typos-mono"].rows[0]
    assert row[2 + ENCODERS.index("bm25")].text == "–"


def test_strips_show_the_languages_from_most_to_least_affected_with_their_dose(document: Document) -> None:
    (drawn,) = figures(document, "strips")
    panel = drawn.panels[0]
    assert isinstance(panel, StripPanel)
    factory = Factory()

    def change(encoder: str, lang: str) -> float:
        return 100 * (factory.noisy(encoder, "typos", "mono", 0.3, lang) - factory.clean(encoder, "mono", lang))

    judged = [name for name in factory.encoders if name != "random"]  # near its floor
    order = sorted(LANGUAGES, key=lambda lang: sum(change(name, lang) for name in judged))
    assert panel.rows == tuple(language_name(lang) for lang in order)
    worst = panel.series[0].points[0]
    assert (worst.x, worst.y) == (pytest.approx(change("hashing", order[0])), 0)
    assert worst.low < worst.x < worst.high
    # The factory's dose: 0.93 * 0.3 of the words, a quarter of that of the characters, a little more in some languages.
    assert panel.remarks[order.index("ar")] == "7\u202f%"
    assert [one.title for one in drawn.panels] == ["typos · mono", "shuffle-words · mono"]
    assert {"heat-mini-typos-cross", "heat-mini-typos-multi"} <= set(tables(document))


def test_bold_in_a_table_of_languages_is_a_separated_change_and_never_a_mean_over_passage_languages(
    document: Document,
) -> None:
    contrasts = Factory().findings().contrasts
    table = tables(document)["heat-mini-typos-mono"]
    for row in table.rows:
        for at, encoder in enumerate(ENCODERS, 2):
            chosen = contrasts[
                (contrasts["query_lang"].map(language_name) == row[0].text)
                & (contrasts["encoder"] == encoder)
                & (contrasts["setting"] == "mono")
                & (contrasts["perturbation"] == "typos")
                & (contrasts["severity"] == 0.3)
            ]
            assert (row[at].mark == "strong") == bool(chosen["separated"].item())
    assert any(cell.mark == "strong" for row in table.rows for cell in row[2:])
    cross = tables(document)["heat-mini-typos-cross"]
    assert not any(cell.mark == "strong" for row in cross.rows for cell in row)


def test_differences_are_signed_and_marked_only_where_separated(document: Document) -> None:
    typos = tables(document)["differences-mini-typos"]
    assert "severity 0.3" in typos.caption
    lost = 62 * 0.34 * (1 - math.exp(-0.72))  # of 62 points, at severity 0.3
    row = typos.rows[0]
    assert [cell.text for cell in row[:5]] == ["mono", "hashing", "62.0", f"{62 - lost:.1f}", f"−{lost:.1f}"]
    assert row[4].mark == "strong"
    idle = next(row for row in tables(document)["differences-mini-shuffle-words"].rows if row[1].text == "bm25")
    assert (idle[4].text, idle[4].mark) == ("0.0", "")


def test_declared_comparisons_come_first_and_the_others_are_labelled(document: Document) -> None:
    found = [name for name in tables(document) if name.startswith("comparisons")]
    assert found == ["comparisons-primary", "comparisons-exploratory"]
    primary = tables(document)["comparisons-primary"]
    assert len(primary.rows) == 6 * 2 * 3  # pairs, perturbations, settings
    assert {row[0].text for row in primary.rows} == {"typos, whole curve", "shuffle-words, whole curve"}
    exploratory = tables(document)["comparisons-exploratory"]
    assert exploratory.caption.startswith("Exploratory")
    assert exploratory.note == "The first 48 of 144 rows; comparisons.csv has all."


def test_matrices_show_who_loses_less_with_levels_and_signs(document: Document) -> None:
    matrix = tables(document)["matrix-mini-mono-typos"]
    factory = Factory()
    assert [row[0].text for row in matrix.rows] == list(ENCODERS)
    clean, noisy = factory.clean("hashing", "mono"), factory.noisy("hashing", "typos", "mono", 0.5)
    assert matrix.rows[0][1].text == f"{100 * clean:.1f} → {100 * noisy:.1f}"
    changes = {
        name: 100 * (factory.noisy(name, "typos", "mono", 0.5) - factory.clean(name, "mono")) for name in ENCODERS
    }
    apart = changes["hashing"] - changes["bm25"]  # the factory's claim: more robust
    assert (matrix.rows[0][4].text, matrix.rows[2][2].text) == (f"»\u00a0+{apart:.1f}", f"«\u00a0−{apart:.1f}")
    assert (matrix.rows[0][4].heat, matrix.rows[2][2].heat) == (4, -4)
    random = matrix.rows[0][5]
    assert random.text.startswith("†")
    assert (random.heat, random.mark) == (None, "faint")
    assert "» the row’s encoder is more robust" in matrix.note
    assert "whole curve" in matrix.caption


def test_every_kind_of_claim_has_a_sign_of_its_own() -> None:
    found = signs()
    assert set(found) == set(Kind)
    apart = {kind: sign for kind, sign in found.items() if kind is not Kind.ONE_GROUP}  # as few groups: no inference
    assert len(set(apart.values())) == len(apart)


def test_a_suite_without_hypotheses_has_only_exploratory_comparisons() -> None:
    factory = Factory(exploratory=True)
    document = build(factory.findings(), factory.manifest())
    assert "comparisons-primary" not in tables(document)
    assert (
        "Nothing was declared beforehand: all 180 comparisons between encoders are exploratory" in document.summary[-1]
    )


def test_one_row_per_noise_says_what_it_did_and_where_it_did_nothing(document: Document) -> None:
    table = tables(document)["worked-mini"]
    typos, shuffled = table.rows
    # The factory: words 0.93 * 0.3 (1 + 0.02 (i mod 3)), i of eleven languages, whose mean is 10/11; a quarter for characters.
    words = 0.93 * 0.3 * (1 + 0.02 * 10 / 11)
    assert [cell.text for cell in typos[:2]] == ["typos", "0.3"]
    assert typos[4].text == f"{100 * words / 4:.1f}\u202f%"
    assert typos[5].text == f"{100 * words:.1f}\u202f%"
    assert typos[6].text == "none"
    assert shuffled[6].text == "Chinese (nothing)"
    validity = next(section for section in document.sections if section.id == "validity")
    assert table in validity.blocks[: validity.open]


def test_what_changed_nothing_is_said_on_the_first_page(document: Document) -> None:
    assert any("changed nothing" in notice and "shuffle-words (Chinese)" in notice for notice in document.notices)
    unchanged = tables(document)["unchanged-mini-shuffle-words"]
    assert [row[-1].text for row in unchanged.rows] == ["100"] * 4
    assert [row[-1].heat for row in unchanged.rows] == [-5] * 4
    assert tables(document)["not-applicable"].rows[0][1].text == "Japanese"


def test_examples_take_turns_over_languages_and_know_their_direction(document: Document) -> None:
    shown, more = [block for part in document.sections for block in part.blocks if isinstance(block, Examples)]
    items = (*shown.items, *more.items)
    langs = [item.lang for item in items]
    assert len(set(langs)) == len(langs) == 7  # three worst of each of two noises, and the one median query
    assert sum(item.title.endswith("a typical query") for item in items) == 1
    assert [item.title.split(" · ")[2].split()[0] for item in shown.items] == ["typos", "shuffle-words"]
    arabic = next(item for item in items if item.lang == "ar")
    assert arabic.outcome == "rank 1 → never found"
    assert [(beside.label, beside.lang) for beside in arabic.asides] == [
        ("In English", "en"),
        ("Right passage", "ar"),
        ("Now ahead of it", "ar"),
    ]
    assert items[1].outcome.startswith("rank 1 → 75")
    assert "".join(part.text for part in arabic.clean) == "أي نهر يمر عبر مدينة فيينا؟"
    assert [part.text for part in arabic.noisy if part.changed] == ["عرب", "فييبا؟"]
    assert (direction("ar"), direction("he-IL"), direction("th")) == ("rtl", "rtl", "ltr")


def test_big_runs_are_cut_with_a_note_and_small_multiples_stay_readable() -> None:
    encoders = tuple(f"encoder-{i}" for i in range(9))
    noises = ("typos", "shuffle-words", "ocr", "asr")
    factory = Factory(encoders=encoders, perturbations=noises)
    document = build(factory.findings(), factory.manifest())
    assert [len(one.panels) for one in figures(document, "curves")] == [4]  # one setting of four noises
    assert "curves.csv has cross and multi too" in figures(document, "curves")[0].caption
    assert max(len(table.rows) for table in tables(document).values()) <= 48
    assert len(tables(document)) == len(list(tables_of(document.sections)))


def test_a_run_without_noise_reports_its_clean_scores_and_claims_nothing() -> None:
    factory = Factory()
    document = build(Findings(scores=factory.findings().scores), factory.manifest())
    assert "nothing is said about robustness" in document.summary[-1]
    assert set(tables(document)) >= {"clean-mini", "clean-mini-mono", "clean-mini-cross", "clean-mini-multi", "failed"}
    assert not {"languages", "curves", "comparisons", "bias"} & {section.id for section in document.sections}


def test_no_scores_at_all_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(RunError, match="robustir resume"):
        build(Findings(scores=empty_table("scores")), Factory().manifest())
    with pytest.raises(InputError, match="do not name their run"):
        build(Findings(), None)


def test_missing_values_become_dashes() -> None:
    factory = Factory()
    findings = factory.findings()
    scores = findings.scores.assign(floor=math.nan, floor_low=math.nan, floor_high=math.nan)
    document = build(replace(findings, scores=scores), factory.manifest())
    assert tables(document)["clean-mini"].rows[0][2].text == "–"
    assert not any("nan" in text.split() for text in walk_texts(document))


def test_tied_and_unretrieved_passages_are_shown_for_the_encoders_that_have_them() -> None:
    findings = Factory().findings()
    assert not [name for name in tables(build(findings, findings.manifest)) if name.startswith("ties")]
    scores = findings.scores
    lexical, floor = (scores["encoder"] == name for name in ("bm25", "hashing"))
    scores.loc[:, ["tied_share", "missed_share"]] = 0.0
    scores.loc[lexical & (scores["setting"] == "cross"), ["tied_share", "missed_share"]] = [0.0125, 0.4]
    scores.loc[floor, "tied_share"] = 0.0009
    table = tables(build(findings, findings.manifest))["ties-mini"]
    assert [column.title for column in table.columns][3:5] == ["cross, tied", "not retrieved"]
    assert [[cell.text for cell in row[:5]] for row in table.rows] == [
        ["bm25", "0.0\u202f%", "0.0\u202f%", "1.2\u202f%", "40.0\u202f%"]
    ]
    assert "share no word with the query" in table.note


def test_comparisons_by_language_have_a_table_per_setting() -> None:
    factory = Factory()
    findings = factory.findings()
    rows = findings.comparisons[
        (findings.comparisons["severity"] == "curve") & (findings.comparisons["perturbation"] == "typos")
    ]
    frames = [
        rows.assign(query_lang=lang, passage_lang=lang, difference_in_differences=difference, favours=favours)
        for lang, difference, favours in (("en", 0.021, "hashing"), ("th", -0.004, ""))
    ]
    frame = pd.concat(frames).assign(ci_low=0.01, ci_high=0.03, log_ratio_low=0.1, log_ratio_high=0.2)
    found = tables(build(replace(findings, language_comparisons=frame), factory.manifest()))
    table = found["comparisons-languages-mini-mono"]
    cells = dict(zip((column.title for column in table.columns), table.rows[0], strict=True))
    assert table.rows[0][0].text == "typos: hashing against hashing(analyzer='word')"
    assert (cells["en"].text, cells["en"].mark) == ("+2.1", "strong")
    assert (cells["th"].text, cells["th"].mark) == ("−0.4", "faint")
    assert cells["ar"].text == "–"
    assert len(table.rows) == len(rows[rows["setting"] == "mono"])


def test_languages_with_over_twice_the_median_dose_are_told() -> None:
    factory = Factory()
    found = factory.findings()
    thai = found.validity["query_lang"] == "th"
    doses = found.validity["char_error_rate"].where(~thai, 0.9)
    uneven = replace(found, validity=with_dose_ratios(found.validity.assign(char_error_rate=doses)))
    for shown, told in ((found, False), (uneven, True)):
        sections = build(shown, factory.manifest()).sections
        section = next(one for one in sections if one.id == "validity")
        notices = [block.text for block in section.blocks if isinstance(block, Notice)]
        assert (
            any("typos at severity 0.3 changed 90.0% of the characters in Thai, but" in text for text in notices)
            == told
        )


def test_every_kind_of_claim_has_a_sign_in_the_matrices() -> None:
    assert {*_SIGNS, *_OTHERS} == set(Kind)
