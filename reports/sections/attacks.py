"""The section on attacks: the loss of an attacked encoder, and how far an attack transfers to the others."""

from __future__ import annotations

import re
from collections.abc import Sequence

from robustir.reports.blocks import Block, Cell, Column, Paragraph, Section, Table, first_table
from robustir.reports.formats import interval, measure_name, percent, severity_text, signed_points
from robustir.reports.study import CONTROL_OF, Row, Study, value

__all__ = ["attack_section"]

_READING = (
    "An attack knows the attacked encoder and the relevant passages, so it shows a worst case and is left out of every "
    "mean over noise. A row shows the change that one attack causes in every encoder, in points with its interval; the "
    "diagonal (bold) is the attacked encoder itself. The random control below it changes as many words of the same "
    "queries at random: only the loss beyond the control is due to the attack's knowledge. White-box figures "
    "describe a single encoder; compare encoders by attacks made against a third one."
)
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
    blocks: list[Block] = [Paragraph(_READING)]
    matrices: dict[tuple[str, str, float, str], list[Row]] = {}
    for row in rows:
        key = (row["benchmark"], row["setting"], value(row, "severity"), _kind(row))
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
        blocks.insert(1, Paragraph(_EDITED_ALONE))
    return Section("attacks", "Attacks and their transfer", tuple(blocks), open=first_table(blocks))


_AGAINST = re.compile(r"""against=("[^"]*"|'(?:[^'\\]|\\.)*')(, )?""")


def _kind(row: Row) -> str:
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
