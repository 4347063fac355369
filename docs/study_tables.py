"""Writes the tables of docs/hybrid-study.md from the findings of its runs.

``python docs/study_tables.py study=runs/hybrid-study recorded=runs/recorded questions=runs/hybrid-study-questions``: each table
of the page stands below a comment that names it, and is replaced where its run is given. The sentences are for people.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from robustir.reports import formats
from robustir.reports.formats import MINUS, number, p_value, signed_points

PAGE: Final = Path(__file__).with_name("hybrid-study.md")
MEASURE: Final = "AP"
SETTINGS: Final = ("mono", "cross", "cross-embedded", "multi")
BENCHMARKS: Final = ("xquad-r", "flores", "ntrex", "tatoeba")
STRATEGIES: Final = ("x-x", "x-y", "hybrid", "hybrid-robust")
LETTERS: Final = {"hybrid-robust": "R", "hybrid": "H", "x-x": "X", "x-y": "Y"}
RECORDED: Final = {"asr": "recorded speech", "keyboard": "recorded typing", "translation": "recorded translation"}
STRONG: Final = ("more robust", "overtakes")  # claims that are printed bold
SEEN: Final = " ‡"
NOTHING: Final = "–"
Row = Mapping[str, str]
_ATTACK = re.compile(r"^(random-control\()?adversarial(-homoglyph)?\(.*'[^']*?([a-z-]+)-\d+'")
_TABLE = re.compile(r"(<!-- table: ([\w ]+) -->\n\n)((?:\|.*\n)*)")


class FaultError(Exception):
    """What is wrong with what was given, and what to do."""


@dataclass(frozen=True)
class Run:
    """The findings of one run: rows of the two tables about strategies, for the measure of the page."""

    scores: Sequence[Row]
    differences: Sequence[Row]

    @classmethod
    def read(cls, folder: Path) -> Run:
        """Read ``findings`` of a run. Raises FaultError where it has none, or none about strategies."""
        tables = []
        for name in ("strategy_scores", "strategies"):
            path = folder / "findings" / f"{name}.csv"
            if not path.is_file():
                raise FaultError(f"{path} is missing; run  robustir report {folder} --format csv")
            with path.open(encoding="utf-8", newline="") as file:
                tables.append([row for row in csv.DictReader(file) if row["measure"] == MEASURE])
            if not tables[-1]:
                raise FaultError(f"{path} has no rows of {MEASURE}; give a run of the suite hybrid-study")
        return cls(*tables)

    @cached_property
    def explored(self) -> frozenset[str]:
        """The kinds of noise that were not declared."""
        return frozenset(row["perturbation"] for row in self.differences if row["family"] == "exploratory")

    def noises(self, *, attacks: bool, explored: bool) -> list[str]:
        """Return the kinds of noise of one table, in the order of the findings, an attack before its control."""
        found = dict.fromkeys(
            row["perturbation"]
            for row in self.differences
            if row["perturbation"]
            and _is_attack(row["perturbation"]) == attacks
            and (row["perturbation"] in self.explored) == explored
        )
        return sorted(found, key=_attack_order) if attacks else list(found)


def _is_attack(noise: str) -> bool:
    return _ATTACK.match(noise) is not None


def _attack_order(noise: str) -> tuple[int, bool]:
    attack = _ATTACK.match(noise)
    assert attack is not None
    return STRATEGIES.index(attack[3]), attack[1] is not None


def called(noise: str) -> str:
    """Return what the page calls a kind of noise."""
    attack = _ATTACK.match(noise)
    if attack:
        control, alike, surrogate = attack.groups()
        return f"`{'control of ' if control else ''}{'look-alike ' if alike else ''}attack on {surrogate}`"
    if noise.startswith("recorded"):
        return next(words for part, words in RECORDED.items() if f"-{part}-" in noise)
    return f"`{noise.partition('(')[0]}`"


def decimal(value: str, digits: int = 1, scale: float = 100) -> str:
    """Return a number in points as reports print it, with the hyphen of the page for a minus."""
    return number(scale * float(value), digits).replace(MINUS, "-")


def signed(value: str) -> str:
    """Return a number in points with its sign."""
    return signed_points(float(value)).replace(MINUS, "-")


def interval(row: Row, low: str, high: str) -> str:
    """Return two limits in points."""
    return formats.interval(float(row[low]), float(row[high])).replace(MINUS, "-")


def probability(text: str) -> str:
    """Return a p-value as reports print it."""
    return f"p {p_value(float(text))}"


def verdict(row: Row) -> str:
    """Return a verdict with a letter for each strategy; "" if neither scale separates the two."""
    if row["claim"] == "not separated":
        return ""
    text = row["verdict"].replace("; does not hold at equal dose", " (not at equal dose)")
    text = text.replace("near the floor", "floor").replace(" stays ahead", " ahead")
    for name, letter in LETTERS.items():
        text = re.sub(rf"(?<![\w-]){name}(?![\w-])", letter, text)
    return f" ({text})"


def markdown(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a table."""
    rule = f"|{'---|' * len(titles)}\n"
    head, *rest = (f"| {' | '.join(row)} |\n" for row in (titles, *lines))
    return "".join([head, rule, *rest])


def levels(run: Run, *, attacks: bool = False) -> str:
    """Return the levels over seeds, and the change under each declared kind of noise."""
    noises = run.noises(attacks=attacks, explored=False)
    found = {
        (row["benchmark"], row["setting"], row["strategy"], row["perturbation"]): row
        for row in run.scores
        if row["severity"] != "curve"
    }
    lines = []
    for benchmark, setting, strategy in _places(found):
        clean = found.get((benchmark, setting, strategy, ""))
        changes = [found.get((benchmark, setting, strategy, noise)) for noise in noises]
        if clean is None or not any(changes):
            continue
        cells = [_with_interval(decimal(clean["mean"]), clean, "ci_low", "ci_high"), decimal(clean["seed_sd"], 2)]
        for row in changes:
            seen = SEEN if row and row["seen"] == "True" else ""
            text = _with_interval(signed(row["delta"]), row, "delta_low", "delta_high") if row else NOTHING
            cells.append(text + seen)
        lines.append((f"{benchmark}, {setting}", f"`{strategy}`", *cells))
    return markdown(["benchmark, setting", "strategy", "clean", "SD over seeds", *map(called, noises)], lines)


def differences(run: Run, *, attacks: bool = False, explored: bool = False, clean: bool = True) -> str:
    """Return the differences over paired seeds in the clean score (on request), and in the loss under each kind of noise."""
    noises = run.noises(attacks=attacks, explored=explored)
    found = {
        (row["benchmark"], row["setting"], f"{row['strategy_a']} - {row['strategy_b']}", row["perturbation"]): row
        for row in run.differences
        if row["quantity"] == ("degradation" if row["perturbation"] else "clean") and row["severity"] != "curve"
    }
    several = len({place[0] for place in found}) > 1 or clean
    lines = []
    for benchmark, setting, pair in _places(found):
        rows = [found.get((benchmark, setting, pair, noise)) for noise in noises]
        if not any(rows):
            continue
        cells = [f"{benchmark}, {setting}" if several else setting, f"`{pair.replace(' - ', '` - `')}`"]
        if clean:
            own = found[benchmark, setting, pair, ""]
            cells.append(f"{_difference(own)}, {probability(own['p_adjusted'])}")
        lines.append((*cells, *map(_loss, rows)))
    where = "benchmark, setting" if several else "setting"
    titles = [where, "A - B", *(["clean score"] if clean else []), *(f"loss under {called(noise)}" for noise in noises)]
    return markdown(titles, lines)


def _places(found: Mapping[tuple[str, str, str, str], Row]) -> list[tuple[str, str, str]]:
    """Return benchmark, setting and strategy or pair, in the order of the page."""
    places = list(dict.fromkeys(key[:3] for key in found))
    return sorted(places, key=lambda place: (BENCHMARKS.index(place[0]), SETTINGS.index(place[1]), _order(place[2])))


def _order(of: str) -> list[int]:
    return [STRATEGIES.index(name) for name in of.split(" - ")]


def _with_interval(text: str, row: Row, low: str, high: str) -> str:
    return f"{text} {interval(row, low, high)}"


def _difference(row: Row) -> str:
    return _with_interval(signed(row["difference"]), row, "ci_low", "ci_high")


def _loss(row: Row | None) -> str:
    if row is None:
        return NOTHING
    text = f"{_difference(row)}, {probability(row['loss_p_adjusted'])}"
    if row["favours"] and row["claim"] in STRONG:
        text = f"**{text}**"
    seen = SEEN if "True" in (row["seen_a"], row["seen_b"]) else ""
    return text + verdict(row) + seen


TABLES: Final[Mapping[str, Callable[[Run], str]]] = {
    "study levels": levels,
    "study differences": differences,
    "study attack levels": lambda run: levels(run, attacks=True),
    "study attack differences": lambda run: differences(run, attacks=True),
    "study explored differences": lambda run: differences(run, explored=True),
    "study explored attack differences": lambda run: differences(run, attacks=True, explored=True),
    "recorded differences": lambda run: differences(run, clean=False),
    "questions levels": levels,
    "questions differences": differences,
}
"""By the name in the page, which begins with the run's."""


def rewritten(page: str, runs: Mapping[str, Run]) -> str:
    """Return the page with the tables of some runs. Raises FaultError for a run of which the page has no table."""
    left = set(runs)

    def table(found: re.Match[str]) -> str:
        run = runs.get(found[2].split()[0])
        if run is None:
            return found[0]
        left.discard(found[2].split()[0])
        return found[1] + TABLES[found[2]](run)

    written = _TABLE.sub(table, page)
    if left:
        raise FaultError(
            f"the page has no table of {', '.join(sorted(left))}; give study=DIR, recorded=DIR or questions=DIR"
        )
    return written


def main(given: Sequence[str]) -> int:
    """Rewrite the page."""
    if not given or not all("=" in part for part in given):
        sys.stderr.write("study_tables: give the runs: study=DIR, recorded=DIR, questions=DIR, or some of them\n")
        return 2
    folders = dict(part.split("=", 1) for part in given)
    try:
        runs = {name: Run.read(Path(folder)) for name, folder in folders.items()}
        written = rewritten(PAGE.read_text(encoding="utf-8"), runs)
    except FaultError as fault:
        sys.stderr.write(f"study_tables: {fault}\n")
        return 2
    PAGE.write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
