"""Time and memory of a run by the size of its collection: ``python -m tests.speed.large_collection --passages 1e4,1e5,1e6``.

A collection of made-up words in BEIR's layout is written for every size, and ``robustir run`` scores it in a process of its
own: one encoder without a download (``hashing``, 384 dimensions), clean queries, their floor, and typos at one severity. With
``--index`` the same is done again with an index. Processor time and peak memory are what the system counts for the process.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

WORDS, PASSAGE, QUERY = 50_000, 40, 4  # words known, per passage, per query
_ROWS = 10_000  # passages made at a time


@dataclass(frozen=True)
class Measured:
    """One run: seconds of the clock and of processors, peak memory in bytes, seconds by stage, and recall if it had an index."""

    passages: int
    index: str
    wall: float
    cpu: float
    memory: int
    stages: dict[str, float]
    recall: str


def words(rng: np.random.Generator) -> list[str]:
    """Return made-up words of 4 to 9 letters, each once."""
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    made = ("".join(rng.choice(letters, size)) for size in rng.integers(4, 10, 2 * WORDS))
    return list(dict.fromkeys(made))[:WORDS]


def write_collection(folder: Path, passages: int, queries: int) -> None:
    """Write passages of words as frequent as in Zipf's law, and queries of some words of one passage each."""
    rng = np.random.default_rng(17)
    known = words(rng)
    weights = np.cumsum(1 / np.arange(10, WORDS + 10))
    weights /= weights[-1]
    (folder / "qrels").mkdir(parents=True)
    asked = np.sort(rng.choice(passages, queries, replace=False))
    with (
        gzip.open(folder / "corpus.jsonl.gz", "wt", compresslevel=1, encoding="utf-8") as corpus,
        (folder / "queries.jsonl").open("w", encoding="utf-8") as questions,
        (folder / "qrels" / "test.tsv").open("w", encoding="utf-8") as table,
    ):
        table.write("query-id\tcorpus-id\tscore\n")
        for first in range(0, passages, _ROWS):
            rows = range(first, min(first + _ROWS, passages))
            drawn = np.searchsorted(weights, rng.random((len(rows), PASSAGE)))
            chosen = set(asked[np.searchsorted(asked, rows[0]) : np.searchsorted(asked, rows[-1] + 1)].tolist())
            for row, numbers in zip(rows, drawn, strict=True):
                corpus.write(json.dumps({"_id": f"p{row:08d}", "text": " ".join(known[one] for one in numbers)}) + "\n")
                if row in chosen:
                    some = rng.choice(numbers, QUERY, replace=False)
                    question = {"_id": f"q{row:08d}", "text": " ".join(known[one] for one in some)}
                    questions.write(json.dumps(question) + "\n")
                    table.write(f"q{row:08d}\tp{row:08d}\t1\n")


def measure(folder: Path, passages: int, index: str) -> Measured:
    """Run the suite on a collection in a new process, with an empty store of vectors."""
    work = Path(tempfile.mkdtemp(dir=folder.parent, prefix="run-"))
    suite = work / "large.toml"
    more = "" if index == "exact" else f'index = "{index}"\n'
    suite.write_text(
        f'name = "large"\nbenchmarks = ["{folder}"]\nencoders = ["hashing"]\nperturbations = ["typos"]\n'
        f'severities = [0.3]\ndraws = 1\nmeasures = ["RR@10", "nDCG@10", "R@100"]\nexploratory = true\n{more}'
        "statistics = { flips = 999, resamples = 999 }\n",
        encoding="utf-8",
    )
    command = [
        sys.executable,
        "-m",
        "robustir",
        "run",
        str(suite),
        "-o",
        str(work / "run"),
        "-j1",
        "--format",
        "csv,html",
    ]
    begin = time.perf_counter()
    child = os.spawnvpe(
        os.P_NOWAIT,
        command[0],
        command,
        {**os.environ, "XDG_CACHE_HOME": str(work / "cache"), "CUDA_VISIBLE_DEVICES": ""},
    )
    _, status, used = os.wait4(child, 0)
    wall = time.perf_counter() - begin
    if status:
        raise SystemExit(f"the run of {passages:,} passages ended with {os.waitstatus_to_exitcode(status)}")
    manifest = json.loads((work / "run" / "manifest.json").read_text(encoding="utf-8"))
    shutil.rmtree(work)
    found = [row["recall"] for row in manifest.get("indexes", [])]
    recall = "; ".join(f"@{depth} {share:.3f}" for one in found for depth, share in one.items())
    return Measured(
        passages, index, wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, manifest["timings"], recall
    )


def show(rows: Sequence[Measured]) -> str:
    """Return the measurements as a Markdown table, and how they grow from one size to the next."""
    lines = [
        "| passages | search | clock s | processor s | peak GiB | seconds by stage | recall |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        stages = ", ".join(f"{name} {seconds:.0f}" for name, seconds in row.stages.items() if seconds >= 0.5)
        lines.append(
            f"| {row.passages:,} | `{row.index}` | {row.wall:.0f} | {row.cpu:.0f} | {row.memory / 2**30:.2f} | {stages} | {row.recall} |"
        )
    for before, after in pairwise(rows):
        if before.index == after.index:
            more = after.passages - before.passages
            lines.append(
                f"\n`{after.index}`, per million passages more: {(after.cpu - before.cpu) / more * 1e6:.0f} s of processor, "
                f"{(after.memory - before.memory) / more * 1e6 / 2**30:.1f} GiB"
            )
    return "\n".join(lines)


def main() -> None:
    """Measure every size and search, and print the table after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", default="1e4,1e5", help="sizes, with commas")
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--index", action="append", help="exact, or an index such as ivf(nlist=1024) (repeatable)")
    parser.add_argument("--folder", type=Path, help="where to write; by default a temporary folder")
    chosen = parser.parse_args()
    rows: list[Measured] = []
    with tempfile.TemporaryDirectory(dir=chosen.folder, prefix="large-") as folder:
        sizes = [int(float(size)) for size in chosen.passages.split(",")]
        for index in chosen.index or ["exact"]:
            for size in sizes:
                collection = Path(folder) / f"passages-{size}"
                if not collection.exists():
                    write_collection(collection, size, min(chosen.queries, size))
                rows.append(measure(collection, size, index))
                print(show(rows), flush=True)


if __name__ == "__main__":
    main()
