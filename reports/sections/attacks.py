"""The section on attacks: the loss of an attacked encoder, and how far an attack transfers to the others."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Literal

from robustir.reports.blocks import Block, Cell, Column, Paragraph, Section, Table
from robustir.reports.formats import interval, join_words, measure_name, percent, severity_text, signed_points
from robustir.reports.sections.examples import attacked_examples
from robustir.reports.sections.focus import encoder_columns
from robustir.reports.sections.languages import heat_level
from robustir.reports.study import CONTROL_OF, Row, Study, value

__all__ = ["attack_kind", "attack_section"]

_READING = (
    "An attack knows the attacked encoder and the relevant passages, so it shows a worst case and is left out of every "
    "mean over noise. Its random control changes as many words of the same queries at random: a number is the loss beyond the "
    "control, which is due to the attack’s knowledge. Bold marks the attacked encoder itself, grey what its interval does not "
    "tell from 0 (exploratory). White-box figures describe a single encoder; compare encoders by attacks made against a third one."
)
_BOTH = (
    "The attack and its control by themselves. A row shows the change that one attack causes in every encoder, in points with its "
    "interval; the diagonal (bold) is the attacked encoder itself."
)
_SHOWN_EXAMPLES = 4
_EDITED_ALONE = (
    "A gate, a constraint or a budget of 0 leaves some queries unchanged, and their change is 0. The tables over edited queries "
    "alone show the mean over the queries that some draw edited, each over the draws that edited it. "
    "The edited queries differ between attacks, so these figures show how strong an edit is and do not rank encoders."
)


def attack_section(study: Study) -> Section | None:
    """Build the transfer matrices, attacked encoder by scored encoder; None if the run has no attack."""
    rows = [row for row in study.frames["attack_contrasts"] if row["query_lang"] == "all"]
    if not rows:
        return None
    beyond = _beyond(study)
    examples = attacked_examples(study, _SHOWN_EXAMPLES)
    first: list[Block] = [Paragraph(_READING), *beyond[:1], *([examples] if examples else [])]
    blocks: list[Block] = [*beyond[1:], Paragraph(_BOTH)]
    matrices: dict[tuple[str, str, float, str], list[Row]] = {}
    for row in rows:
        key = (row["benchmark"], row["setting"], value(row, "severity"), attack_kind(row))
        matrices.setdefault(key, []).append(row)
    spared = False
    for number, ((benchmark, setting, severity, kind), chosen) in enumerate(matrices.items()):
        caption = (
            f"{kind} at severity {severity_text(severity)} on {benchmark}, {setting}: change of "
            f"{measure_name(study.measure)} in points, with interval"
        )
        blocks.append(_matrix(study, f"transfer-{number}", caption, chosen))
        if any(value(row, "edited_share") < 1 for row in chosen):
            spared = True
            blocks.append(
                _matrix(study, f"transfer-edited-{number}", f"{caption}, over edited queries alone", chosen, alone=True)
            )
    if spared:
        blocks.append(Paragraph(_EDITED_ALONE))
    return Section("attacks", "Attacks and their transfer", (*first, *blocks), open=len(first))


def _beyond(study: Study) -> list[Table]:
    """Return the losses beyond the controls, a table per benchmark and setting at the shown severity."""
    made = []
    for benchmark in study.benchmarks:
        for setting in study.settings(benchmark):
            rows = [
                row
                for row in study.macro("attack_contrasts", benchmark=benchmark, setting=setting)
                if not row["control"] and value(row, "severity") == study.severity_of(benchmark, row["perturbation"])
            ]
            if any(math.isfinite(value(row, "beyond_delta")) for row in rows):
                made.append(_beyond_table(study, benchmark, setting, rows))
    return made


def _beyond_table(study: Study, benchmark: str, setting: str, rows: Sequence[Row]) -> Table:
    heads, letters = encoder_columns(study, benchmark, study.encoders)
    kinds = {attack_kind(row) for row in rows}
    lines: dict[str, list[Row]] = {}
    for row in rows:
        lines.setdefault(str(row["perturbation"]), []).append(row)
    cells = []
    for own in lines.values():
        by_encoder = {row["encoder"]: row for row in own}
        first = own[0]
        name = f"{attack_kind(first)}, " if len(kinds) > 1 else ""
        cells.append(
            (
                Cell(f"{name}against {first['attacked']}"),
                Cell(percent(value(first, "word_edit_rate"))),
                *(_beyond_cell(by_encoder.get(one, {})) for one in study.encoders),
            )
        )
    at = join_words(sorted({severity_text(row["severity"]) for row in rows}))
    kind = next(iter(kinds)) if len(kinds) == 1 else "Attacks"
    caption = f"{kind} at severity {at}{study.on(benchmark)}, {setting}: loss of {measure_name(study.measure)} beyond the random control, in points"
    columns = (Column("Attack", number=False), Column("Words edited"), *heads)
    return Table(
        f"beyond-{benchmark}-{setting}",
        caption,
        columns,
        tuple(cells),
        note=letters,
        scale="diverging",
        main=True,
        stacked=len(columns) > 6,
    )


def _beyond_cell(row: Row) -> Cell:
    delta, low, high = (value(row, f"beyond_{name}") for name in ("delta", "low", "high"))
    if not math.isfinite(delta):
        return Cell("–")
    told = math.isfinite(low) and not low <= 0 <= high
    mark: Literal["strong", "faint", ""] = "strong" if row["attacked"] == row["encoder"] else "" if told else "faint"
    return Cell(signed_points(delta), interval(low, high), heat=heat_level(delta) if told else None, mark=mark)


_AGAINST = re.compile(r"""against=("[^"]*"|'(?:[^'\\]|\\.)*')(, )?""")


def attack_kind(row: Row) -> str:
    """Return the attack without the attacked encoder; a control counts as its attack."""
    name = str(row["perturbation"]).removeprefix(CONTROL_OF)
    return _AGAINST.sub("", name).replace(", )", ")").removesuffix("()")


def _matrix(study: Study, name: str, caption: str, rows: Sequence[Row], *, alone: bool = False) -> Table:
    by_key = {(row["attacked"], bool(row["control"]), row["encoder"]): row for row in rows}
    attacked = dict.fromkeys(row["attacked"] for row in rows)
    lines = []
    for victim in attacked:
        for control in (False, True):
            own = [by_key.get((victim, control, encoder), {}) for encoder in study.encoders]
            if not any(own):
                continue
            first = next(row for row in own if row)
            lead = Cell("random control" if control else victim, mark="faint" if control else "")
            cells = [
                _cell(row, diagonal=encoder == victim and not control, alone=alone)
                for encoder, row in zip(study.encoders, own, strict=True)
            ]
            words, queries = value(first, "word_edit_rate"), value(first, "edited_share")
            lines.append((lead, Cell(percent(words)), Cell(percent(queries)), *cells))
    columns = (
        Column("Made against", number=False),
        Column("Words edited"),
        Column("Queries edited"),
        *map(Column, study.encoders),
    )
    return Table(name, caption, columns, tuple(lines), main=True)


def _cell(row: Row, *, diagonal: bool, alone: bool) -> Cell:
    names = ("edited_delta", "edited_low", "edited_high") if alone else ("delta", "ci_low", "ci_high")
    delta, low, high = (value(row, name) for name in names)
    clear = alone or bool(row and row["separated"])
    return Cell(signed_points(delta), interval(low, high), mark="strong" if diagonal else "" if clear else "faint")
