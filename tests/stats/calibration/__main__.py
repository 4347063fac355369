"""``python -m tests.stats.calibration``: run all experiments and write the page and its figure."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from threadpoolctl import threadpool_limits

from tests.stats.calibration.experiments import EXPERIMENTS
from tests.stats.calibration.page import FIGURE, PAGE, draw, page
from tests.stats.calibration.rates import Rate


def main(arguments: list[str] | None = None) -> int:
    """Write the page; return 1 if a rate is not what it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.stats.calibration", description=__doc__)
    parser.add_argument("--trials", type=int, default=2000, help="simulated data sets per experiment")
    parser.add_argument("-o", "--out", type=Path, default=Path("docs"), help="folder of the page")
    options = parser.parse_args(arguments)
    rates: list[Rate] = []
    with threadpool_limits(1, user_api="blas"):
        for experiment in EXPERIMENTS:
            print(f"{experiment.__name__} ...", file=sys.stderr, flush=True)
            rates += experiment(options.trials)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / PAGE).write_text(page(rates), encoding="utf-8")
    draw(rates, options.out / FIGURE)
    wrong = [one for one in rates if not one.holds]
    for one in wrong:
        print(f"{one.section}: {one.what}: {one.found:.4f}, should be {one.relation} {one.nominal}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
