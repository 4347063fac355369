"""The section on attacks: what noise that knows an encoder costs it, and how far it carries over to the others."""

from __future__ import annotations

from collections.abc import Sequence

from robustir.reports.blocks import Block, Cell, Column, Paragraph, Section, Table
from robustir.reports.degradation import separated
from robustir.reports.formats import interval, measure_name, percent, severity_text, signed_points
from robustir.reports.study import Row, Study, value

__all__ = ["attack_section"]

_READING = (
    "An attack knows the encoder it is made against and the relevant passages, so it shows a worst case and is kept out "
    "of every mean over noise. A row holds what one attack costs every encoder, in points with its interval; on the "
    "diagonal the attacked encoder itself (bold). The random control below it changes as many words of the same "
    "queries by chance: only what an attack costs beyond its control is due to what it knows. White-box figures "
    "describe one encoder; encoders are compared with one another by attacks made against others than themselves."
)


def attack_section(study: Study) -> Section | None:
    """Build the transfer matrices, attacked encoder by scored encoder; None where the run holds no attack."""
    rows = [row for row in study.frames["attack_contrasts"] if row["query_lang"] == "all"]
    if not rows:
        return None
    blocks: list[Block] = [Paragraph(_READING)]
    matrices: dict[tuple[str, str, float, str], list[Row]] = {}
    for row in rows:
        key = (row["benchmark"], row["setting"], value(row, "severity"), _kind(row))
        matrices.setdefault(key, []).append(row)
    for number, ((benchmark, setting, severity, kind), chosen) in enumerate(matrices.items()):
        caption = (
            f"{kind} at severity {severity_text(severity)} on {benchmark}, {setting}: change of "
            f"{measure_name(study.measure)} in points, with interval"
        )
        blocks.append(_matrix(study, f"transfer-{number}", caption, chosen))
    return Section("attacks", "Attacks and their transfer", tuple(blocks))


def _kind(row: Row) -> str:
    """Return the attack without the encoder it is made against; a control counts to its attack."""
    name = str(row["perturbation"]).removeprefix("random-control(")
    name = name[:-1] if row["perturbation"] != name else name
    attacked = repr(str(row["attacked"]))
    for part in (f"against={attacked}, ", f", against={attacked}", f"against={attacked}"):
        name = name.replace(part, "")
    return name.removesuffix("()")


def _matrix(study: Study, name: str, caption: str, rows: Sequence[Row]) -> Table:
    by_key = {(row["attacked"], bool(row["control"]), row["encoder"]): row for row in rows}
    attacked = dict.fromkeys(row["attacked"] for row in rows)
    lines = []
    for victim in attacked:
        for control in (False, True):
            own = [by_key.get((victim, control, encoder), {}) for encoder in study.encoders]
            if not any(own):
                continue
            edited = next((value(row, "word_edit_rate") for row in own if row), float("nan"))
            lead = Cell("random control" if control else victim, mark="faint" if control else "")
            cells = [
                _cell(row, diagonal=encoder == victim and not control)
                for encoder, row in zip(study.encoders, own, strict=True)
            ]
            lines.append((lead, Cell(percent(edited)), *cells))
    columns = (Column("Made against", number=False), Column("Words edited"), *map(Column, study.encoders))
    return Table(name, caption, columns, tuple(lines), main=True)


def _cell(row: Row, *, diagonal: bool) -> Cell:
    band = interval(value(row, "ci_low"), value(row, "ci_high"))
    if diagonal:
        return Cell(signed_points(value(row, "delta")), band, mark="strong")
    return Cell(signed_points(value(row, "delta")), band, mark="" if separated(row) else "faint")
