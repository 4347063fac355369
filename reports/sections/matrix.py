"""Encoder against encoder as a matrix: who loses less, by how much, and from which level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from robustir.analysis.claims import CURVE, Kind
from robustir.reports.blocks import Cell, Column, Table
from robustir.reports.formats import measure_name, points, severity_text, signed_points
from robustir.reports.sections.in_domain import encoder_cell, marked, noted
from robustir.reports.sections.languages import heat_level
from robustir.reports.study import Row, Study, value

__all__ = ["comparison_matrices", "levels", "signs"]

# Of a claim: the sign if it favours the row's encoder, that if it favours the column's, and their meaning.
_SIGNS: Mapping[str, tuple[str, str, str]] = {
    Kind.MORE_ROBUST: ("»", "«", "» the row’s encoder is more robust, « the column’s"),
    Kind.OVERTAKES: ("↑", "↓", "↑ the row’s encoder overtakes the column’s, ↓ the reverse"),
    Kind.LOSES_LESS: (">", "<", "> the row’s encoder loses less but is not shown to be more robust, < the column’s"),
    Kind.GAINS_MORE: ("+", "-", "+ the row’s encoder gains more, - the column’s"),
}
_OTHERS: Mapping[str, tuple[str, str]] = {
    Kind.POINTS: ("p", "p separated in points only"),
    Kind.SHARES: ("s", "s separated in shares only"),
    Kind.UNEQUAL: ("d", "d does not hold at equal dose"),
    Kind.DISAGREE: ("×", "× the scales disagree"),
    Kind.NOT_SEPARATED: ("≈", "≈ not separated"),
    Kind.NOTHING: ("=", "= nothing changed"),
    Kind.NEAR_FLOOR: ("†", "† no claim: near the floor"),
    Kind.UNREACHED: ("u", "u no claim: the noise did not reach an encoder"),
    Kind.FEW_MOVED: ("‡", "‡ no claim: few groups moved"),
    Kind.ONE_GROUP: ("‡", "‡ one group: no inference"),
    Kind.ONE_SEED: ("1", "1 one seed: no claim about a strategy"),
}


def signs() -> dict[str, str]:
    """Return the sign of every kind of claim, as it favours the row's encoder."""
    return {
        **{kind: row for kind, (row, _, _) in _SIGNS.items()},
        **{kind: sign for kind, (sign, _) in _OTHERS.items()},
    }


def levels(row: Row, one: str) -> str:
    """Return the clean and the noisy score of A or B ("a", "b") in points."""
    return f"{points(value(row, f'clean_{one}'))} → {points(value(row, f'noisy_{one}'))}"


def comparison_matrices(study: Study, benchmark: str, setting: str) -> list[Table]:
    """Return a matrix per noise: over the whole curve if there is one, else at the shown severity."""
    made = []
    for noise in study.perturbations:
        rows = [row for row in study.compared(benchmark, setting, noise) if "encoder_a" in row]  # no strategies
        if rows:
            made.append(_matrix(study, benchmark, setting, noise, rows))
    return made


def _matrix(study: Study, benchmark: str, setting: str, noise: str, rows: Sequence[Row]) -> Table:
    pairs: dict[tuple[str, str], tuple[Row, bool]] = {}
    shown: dict[str, str] = {}
    for row in rows:
        a, b = row["encoder_a"], row["encoder_b"]
        pairs[a, b], pairs[b, a] = (row, False), (row, True)
        for name, one in ((a, "a"), (b, "b")):
            shown.setdefault(name, levels(row, one))
    encoders = [name for name in study.encoders if name in shown]
    heads = tuple(
        Column("", hint=marked(study, benchmark, name), key=study.key(name)) for name in encoders
    )  # the rows tell the letters
    lines = tuple(
        (
            encoder_cell(study, benchmark, name),
            Cell(shown[name]),
            *(
                Cell("·", mark="faint") if one == name else _cell(*pairs.get((name, one), ({}, False)))
                for one in encoders
            ),
        )
        for name in encoders
    )
    severity = str(rows[0]["severity"])
    where = "whole curve" if severity == CURVE else f"at severity {severity_text(severity)}"
    declared = "" if any(row["family"] == "primary" for row in rows) else ", exploratory"
    columns = (Column("Encoder", number=False), Column("Clean → noisy"), *heads)
    note = f"{_meanings(rows)}."
    identity = f"matrix-{benchmark}-{setting}-{noise}"
    caption = f"{noise}, {setting}, {where}{declared}: change of {measure_name(study.measure)}"
    return noted(Table(identity, caption, columns, lines, note=note, scale="diverging", main=True))


def _cell(row: Row, turned: bool) -> Cell:
    """Return how much less the row's encoder loses, after the sign of the claim."""
    if not row:
        return Cell("–")
    difference = value(row, "difference_in_differences") * (-1 if turned else 1)
    kind = str(row["claim"])
    if kind in _SIGNS and row["favours"]:
        ours = row["favours"] == row["encoder_b" if turned else "encoder_a"]
        sign = _SIGNS[kind][0 if ours else 1]
        return Cell(f"{sign}\u00a0{signed_points(difference)}", heat=heat_level(difference))
    return Cell(f"{_OTHERS.get(kind, ('', ''))[0]}\u00a0{signed_points(difference)}".strip(), mark="faint")


def _meanings(rows: Sequence[Row]) -> str:
    there = {str(row["claim"]) for row in rows}
    meanings = [meaning for kind, (_, _, meaning) in _SIGNS.items() if kind in there]
    return "; ".join(meanings + [meaning for kind, (_, meaning) in _OTHERS.items() if kind in there])
