"""What a report says of an index: that ranks come from it, how much of exact search it finds, and where ranks end."""

from __future__ import annotations

from robustir.ranking.index_kinds import parse_index
from robustir.reports.blocks import Block, Cell, Column, Paragraph, Section, Table
from robustir.reports.formats import clean_text, percent, severity_text, thousands
from robustir.reports.study import Study, value

__all__ = ["index_notices", "index_section"]

_LOSS = 0.01  # of recall under noise that the notice calls a part of the change


def index_notices(study: Study) -> tuple[str, ...]:
    """Return the sentence of the first page on the index; nothing if vectors were searched exactly."""
    kind = parse_index(study.suite.index)
    if kind.exact:
        return ()
    known = [entry for entry in study.manifest.indexes if entry.recall]
    bound = (
        f"A relevant passage that is not among the first {thousands(kind.depth)} counts as never found, so AP and RR are those of "
        "a ranking that is cut there."
    )
    how = "an approximate index" if kind.approximate else "an index that is exact to its depth"
    if not known:
        return (f"Ranks of vectors come from {how}, {kind}; its recall was not measured. {bound}",)
    lowest = min(known, key=lambda entry: next(iter(entry.recall.values())))
    shares = " and ".join(
        f"{percent(share)} of the {depth} nearest" for depth, share in list(lowest.recall.items())[:2]
    )
    least = f", the least on {lowest.benchmark} with {lowest.encoder}" if len(known) > 1 else ""
    noisy = list(lowest.recall_under_noise.values())[:1]
    drop = next(iter(lowest.recall.values())) - noisy[0] if noisy else 0.0
    under = f", under noise {percent(noisy[0])} of the {next(iter(lowest.recall))}" if noisy else ""
    cost = (
        " Part of the change under noise is the index's own: it finds less of what noisy queries are near to."
        if drop >= _LOSS
        else ""
    )
    text = (
        f"Ranks of vectors come from {how}, {kind}: of the passages that exact search ranks first it finds {shares}{under} "
        f"(a sample of {lowest.queries} queries{least}). {bound}{cost}"
    )
    return (clean_text(text),)


def index_section(study: Study) -> Section | None:
    """Build the section on recall; None if vectors were searched exactly."""
    rows = study.frames["indexes"]
    if not rows:
        return None
    depth = int(value(rows[0], "depth"))
    columns = [Column(title, number=False) for title in ("Benchmark", "Encoder", "Noise")]
    columns += [
        Column("Severity"),
        Column("Queries"),
        Column("of 10"),
        Column("of 100"),
        Column(f"of {thousands(depth)}"),
    ]
    table = [
        (
            Cell(str(row["benchmark"])),
            Cell(str(row["encoder"])),
            Cell(str(row["perturbation"])),
            Cell(severity_text(value(row, "severity")) if row["perturbation"] != "clean" else "–"),
            Cell(str(int(value(row, "queries")))),
            *(Cell(percent(value(row, f"recall_at_{name}"))) for name in ("10", "100", "depth")),
        )
        for row in rows
    ]
    blocks: tuple[Block, ...] = (
        Paragraph(
            f"Vectors were searched by {clean_text(study.suite.index)}. Recall is the share of the nearest passages by exact search "
            "that are among as many first ones of the index, over a sample of the queries of each cell and the draws of a condition; "
            "the mean over the pool and every language."
        ),
        Table("index-recall", "Recall of the index against exact search", tuple(columns), tuple(table)),
    )
    return Section("index-recall", "Recall of the index", blocks)
