"""``python -m tests.fuzzing``: feed every reader changed files, and print what came of them.

An input is named by its reader, its number and the seed: ``--reader NAME --first NUMBER --inputs 1`` makes it again.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.util import find_spec
from typing import Final

from tests.fuzzing.fuzzing import Outcome
from tests.fuzzing.readers import READERS
from tests.fuzzing.working import work

_PART: Final = 10_000  # inputs of a process


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table of readers and inputs, and the findings; return 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000, help="of all readers together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reader", action="append", choices=READERS, help="only this one (repeatable)")
    parser.add_argument("--first", type=int, default=0, help="number of the first input of each reader")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin nothing after that time")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    options = parser.parse_args(arguments)
    found: dict[str, Outcome] = {}
    begun = time.monotonic()
    until = begun + 60 * options.minutes
    parts = _parts(_shares(options.inputs, options.reader), options.first)

    def timely(name: str, numbers: range) -> tuple[str, Outcome]:
        return work(name, numbers, options.seed) if time.monotonic() < until else (name, Outcome())

    with ThreadPoolExecutor(options.jobs) as pool:
        for ended in as_completed([pool.submit(timely, name, numbers) for name, numbers in parts]):
            name, outcome = ended.result()
            found.setdefault(name, Outcome()).take(outcome)
            done = sum(one.inputs for one in found.values())
            print(f"{time.monotonic() - begun:8.0f} s  {done:,} inputs", file=sys.stderr, flush=True)
    print(_table(found))
    return 1 if any(one.findings for one in found.values()) else 0


def _shares(inputs: int, chosen: Sequence[str] | None) -> dict[str, int]:
    """Return the number of inputs of each reader: costly ones have fewer."""
    there = [
        name
        for name, reader in READERS.items()
        if (not chosen or name in chosen) and all(find_spec(module) for module in reader.needs)
    ]
    whole = sum(1 / READERS[name].cost for name in there)
    return {name: max(1, round(inputs / READERS[name].cost / whole)) for name in there}


def _parts(shares: Mapping[str, int], first: int) -> Iterator[tuple[str, range]]:
    """Yield the parts of all readers in turn, so that an early end leaves none out."""
    parts = []
    for name, size in shares.items():
        step = max(1, _PART // READERS[name].cost)
        parts += [
            (turn, name, range(first + at, first + min(at + step, size)))
            for turn, at in enumerate(range(0, size, step))
        ]
    for _, name, numbers in sorted(parts, key=lambda part: part[0]):
        yield name, numbers


def _table(found: Mapping[str, Outcome]) -> str:
    lines = [f"{'reader':40}{'inputs':>10}{'read':>10}{'refused':>10}{'findings':>10}"]
    rows = [(name, found[name]) for name in READERS if name in found]
    whole = Outcome()
    for _, one in rows:
        whole.take(one)
    for name, one in [*rows, ("all", whole)]:
        lines.append(f"{name:40}{one.inputs:10,}{one.read:10,}{one.refused:10,}{sum(one.findings.values()):10,}")
    for name, one in rows:
        for kind, count in one.findings.most_common():
            number, told = one.first[kind]
            lines += ["", f"{name}: {kind}: {count:,} inputs, first {number}", told.rstrip()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
