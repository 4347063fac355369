"""The calibration page as Markdown, and its figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from robustir.reports.renderers.drawing import colour, font, settings
from tests.stats.calibration.rates import Rate

__all__ = ["COMMAND", "FIGURE", "PAGE", "draw", "page"]

PAGE, FIGURE = "statistics-calibration.md", "statistics-calibration.svg"
COMMAND = "make statistics-calibration"
_HEAD = """# How often the statistics err

This page is made by `{command}` ({trials:,} trials each unless a table says otherwise, fixed seeds): tests, intervals and verdicts
of [How the numbers are made](statistics.md) on simulated queries whose truth is known. Rows in *italics* are beside: what is not used,
or what is known not to hold. `pytest -m slow tests/stats/test_calibration_page.py` asserts of the other rows that "found" is what it
"should be", within three Monte Carlo standard errors (±) and, where no theory promises more, a slack that `tests/stats/calibration/experiments.py`
names.

![Coverage and error rates of what is used and of what is not](statistics-calibration.svg)
"""
_ABOUT = {
    "Discrete ranks": (
        "Scores are reciprocal ranks of one right passage; an article moves its questions together. Clean and noisy scores are\n"
        "exchangeable within an article, or something is lost."
    ),
    "5, 10, 20": (
        "Sign flips of five groups give no p below 0.0625 (`smallest_p`), so that the test rejects nothing. Below twelve groups a t-test\n"
        "with CR2 is in `p_t`."
    ),
    "One group": (
        "Intervals cover too little, so reports warn if the groups are worth fewer than 15 equal ones. Flips and the t-test with CR2 keep their level."
    ),
    "Few questions": (
        "Losses of few questions, in articles that differ. If fewer than ten groups moved, and fewer than half of all, a run gives no\n"
        "interval, but the reason."
    ),
    "Declared families": (
        "One hypothesis of each family has an effect: that which `robustir plan` says the declared family finds in 80% (planned for the\n"
        "family), or that which one test at 5% finds in 80% (for one test). With 9,999 flips, Holm finds nothing at all in families of 500\n"
        "and more: its smallest adjusted p is hypotheses / 10,000. The smallest p of max-T is 1 / 10,000."
    ),
    "Verdicts": (
        "Claims as in `comparisons.csv`, from the same code: both scales by intersection-union, max-T over the family. (999 flips, 399 resamples.)"
    ),
    "Equivalence": (
        "Claims as in `equivalence.csv`, from the same code: two one-sided tests on both scales. At the margin, a claim is an\n"
        "error; in points or in shares alone the other margin is wide."
    ),
    "Training": "Seeds, articles and the rest per question vary with standard deviations of 0.02, 0.05 and 0.25. (299 resamples.)",
}


def _share(value: float) -> str:
    return f"{100 * value:.1f}%"


def page(rates: Sequence[Rate]) -> str:
    """Return the page."""
    parts = [_HEAD.format(command=COMMAND, trials=max(one.trials for one in rates))]
    for section in dict.fromkeys(one.section for one in rates):
        about = next(text for start, text in _ABOUT.items() if section.startswith(start))
        rows = [one for one in rates if one.section == section]
        parts.append(f"\n## {section}\n\n{about}\n\n| | should be | found | ± | trials |\n|---|---|---|---|---|\n")
        parts += [_row(one) for one in rows]
    return "".join(parts)


def _row(one: Rate) -> str:
    wanted = {"=": "", "<=": "at most ", ">=": "at least ", "fails": ""}[one.relation] + _share(one.nominal)
    what = f"*{one.what}*" if one.relation == "fails" else one.what
    error = _share(one.error) if one.error else "–"
    return f"| {what} | {wanted} | {_share(one.found)} | {error} | {one.trials:,} |\n"


# title, the nominal share, and (label, beginning and end of the rows' names, used)
_PANELS: tuple[tuple[str, float, tuple[tuple[str, str, bool], ...]], ...] = (
    (
        "95% intervals by groups",
        0.95,
        (("studentised", " groups: studentised 95% interval covers", True), ("percentile", " groups: percentile interval covers", False)),
    ),
    ("95% intervals, few moved", 0.95, (("for every trial", " moved: interval for every trial covers", False),)),
    ("One group has half: 5% tests", 0.05, (("CR2", " equal ones: t-test with CR2", True), ("usual t", " equal ones: usual t-test", False))),
    (
        "Strategies: 5% tests by seeds",
        0.05,
        (("min F'", " seeds: min F' rejects at 5%", True), ("joint flips", " seeds: joint flips reject at 5%", False)),
    ),
)  # fmt: skip


def draw(rates: Sequence[Rate], path: Path) -> None:
    """Write the figure: what is used as full marks, what is not as open ones."""
    from matplotlib.figure import Figure

    with settings():
        sheet = Figure(figsize=(10, 2.6), layout="constrained")
        for axes, (title, nominal, series) in zip(sheet.subplots(1, len(_PANELS)), _PANELS, strict=True):
            axes.axhline(nominal, color="0.6", linewidth=1)
            for number, (label, end, used) in enumerate(series):
                found = [(one.what.removesuffix(end).split(",")[0], one) for one in rates if one.what.endswith(end)]
                names = [name.removesuffix(" groups") for name, _ in found]
                axes.errorbar(
                    names, [one.found for _, one in found], yerr=[2 * one.error for _, one in found], label=label,
                    color=colour(number), marker="os"[number], markerfacecolor=colour(number) if used else "none", linewidth=1,
                )  # fmt: skip
            axes.set_title(title, fontproperties=font(9))
            axes.legend(prop=font(8), frameon=False)
            for tick in (*axes.get_xticklabels(), *axes.get_yticklabels()):
                tick.set_fontproperties(font(8))
        sheet.savefig(path, metadata={"Date": None})
