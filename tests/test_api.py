"""The Python interface, as a notebook uses it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import robustir
from robustir.contracts import Encoder
from robustir.disk.download import sha256_of
from robustir.encoders.live.identity import FIRST, SECOND
from robustir.errors import InputError
from robustir.planning.suite import load_suite
from tests.reports.sample_manifest import sample_manifest
from tests.tiny import suite_of, write_beir

MARKUP = "<script>alert(1)</script> #set page(width: 1cm) \\input{x} $x^2$ & % _a_ *b* <b>"
WORDS = ("apple", "brick", "cloud", "drum", "eagle", "flute", "grape", "horse", "igloo", "jelly", "kite", "lemon")


class SentenceModel:
    """What Sentence Transformers offers, without torch."""

    similarity_fn_name = "cosine"

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, sentences: list[str], show_progress_bar: bool = True, convert_to_numpy: bool = True) -> object:
        assert not show_progress_bar
        self.texts += sentences
        return np.array([[text.count(letter) + 0.5 for letter in "aeioux"] for text in sentences], dtype=np.float32)


def test_the_words_of_the_design(tmp_path: Path) -> None:
    queries = robustir.QuerySet.from_texts(["where is the nile"], lang="en")
    noisy = robustir.perturb(queries, "typos", severity=0.9, seed=1, draw=0)
    assert noisy.ids == queries.ids
    assert noisy.texts != queries.texts
    assert noisy.dose is not None
    assert noisy.dose.word_edit_rate[0] > 0
    encoder = robustir.encoder("hashing")
    assert isinstance(encoder, Encoder)
    vectors = encoder.encode(noisy.texts, role="query")
    assert (vectors.dtype, vectors.ndim, len(vectors)) == (np.float32, 2, 1)
    suite = load_suite("quickstart").replaced(
        languages=("en",), encoders=("hashing",), perturbations=("typos",), severities=(0.5,), draws=1
    )
    model = SentenceModel()
    run = robustir.run(suite, out=tmp_path / "run", encoders=["hashing", model], formats=("csv",))
    seen = [
        text for text in model.texts if not text.startswith((*FIRST, *SECOND))
    ]  # without those that identify the model
    assert len(seen) == len(set(seen)) + len(
        set(robustir.benchmark("mini", languages=["en"]).corpus.texts)
        & set(robustir.benchmark("mini", languages=["en"]).queries.texts)
    )
    findings = robustir.analyse(run)
    assert set(findings.scores["encoder"]) == {"hashing", "SentenceModel"}
    assert run.read_manifest().status == "complete"
    for name, start in (("report.html", b"<!DOCTYPE html>"), ("report.pdf", b"%PDF"), ("report.tex", b"")):
        robustir.render(findings, tmp_path / name)
        assert (tmp_path / name).read_bytes().lstrip().startswith(start)
    assert b"\\begin{table}" in (tmp_path / "report.tex").read_bytes()


@pytest.mark.slow
def test_a_shipped_suite_by_its_name(tmp_path: Path) -> None:
    run = robustir.run("quickstart", out=tmp_path / "quickstart", languages=["de", "en"], draws=1)
    findings = robustir.analyse(run)
    robustir.render(findings, tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size > 0
    assert (run.path / "report.pdf").read_bytes().startswith(b"%PDF")


def test_markup_in_texts_stays_text(tmp_path: Path) -> None:
    """A query is data: it reaches the examples of the reports and never becomes markup there."""
    queries = [(f"q{row}", "en", f"{word} {MARKUP} aaa") for row, word in enumerate(WORDS)]
    passages = [(f"d{row}", "en", f"{word} {word}") for row, word in enumerate(WORDS)]
    task = write_beir(
        tmp_path / "<b> #set page() \\input{x} $x^2$ %",
        passages,
        queries,
        [(f"q{row}", f"d{row}", 1) for row in range(len(WORDS))],
    )
    suite = suite_of(
        task, encoders=("hashing(dim=2048)",), perturbations=("typos", "tests.tiny:OnlyA"), severities=(0.8,), draws=1
    )  # fmt: skip
    run = robustir.run(suite, tmp_path / "run", formats=("html", "pdf", "latex"))
    findings = robustir.analyse(run)
    assert findings.examples["clean_text"].str.contains("<script>", regex=False).any()
    html = (run.path / "report.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script>alert(1)" not in html
    tex = (run.path / "report.tex").read_text(encoding="utf-8")
    assert "textless{}b\\textgreater{}" in tex  # the name of the folder
    code = [line for line in tex.split("\n") if not line.startswith("%")]
    assert not [line for line in code if "\\input{x}" in line or "$x^2$" in line or "<b>" in line]
    assert (run.path / "report.pdf").read_bytes().startswith(b"%PDF")


class Letters:
    """An encoder whose vectors are counts of letters, under a name of its own."""

    uses_langs = False
    batch_invariant = True

    def __init__(self, name: str = "letters", letters: str = "abcdefghijklmnopqrstuvwxyz") -> None:
        self.name, self.letters, self.revision = name, letters, f"1 {letters}"

    def encode(self, texts: Sequence[str], *, role: str, langs: Sequence[str] | None = None) -> object:
        return np.array([[text.count(letter) for letter in self.letters] for text in texts], dtype=np.float32)


def small_task(tmp_path: Path) -> robustir.Task:
    write_beir(tmp_path / "task")
    return robustir.benchmark(str(tmp_path / "task"))


SMALL: dict[str, Any] = {"severities": 0.5, "draws": 1, "formats": ("csv",), "perturbations": "typos"}


def test_run_takes_what_the_command_line_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same words give the same plan, the same folder and the same findings."""
    from robustir.cli import main

    monkeypatch.chdir(tmp_path)
    write_beir(tmp_path / "task")
    run = robustir.run(
        "quickstart", benchmarks="./task", encoders={"mine": "hashing", "words": "hashing(analyzer='word')"},
        perturbations=["typos", "shuffle-words"], languages=["en", "de"], severities=[0.2, 0.6], draws=2, seed=4,
        settings=["mono", "cross"], measures=["MAP", "nDCG@5"], limit=1, formats=["csv"],
    )  # fmt: skip
    manifest = run.read_manifest()
    assert [row.name for row in manifest.encoders] == ["mine", "words"]
    assert manifest.suite.measures == ("AP", "nDCG@5")
    assert run.path.parent == Path("runs")
    again = [
        "run", "quickstart", "--benchmark", "./task", "--encoder", "mine=hashing", "--encoder", "words=hashing(analyzer='word')",
        "--perturbation", "typos", "--perturbation", "shuffle-words", "--languages", "en,de", "--severities", "0.2,0.6",
        "--draws", "2", "--seed", "4", "--settings", "mono,cross", "--measure", "MAP,nDCG@5", "--limit", "1", "--format", "csv",
    ]  # fmt: skip
    with pytest.raises(SystemExit) as leave:
        main([*again, "-o", "by-hand"])
    assert leave.value.code == 0
    from robustir.rundir.directory import RunDirectory

    other = RunDirectory("by-hand").read_manifest()
    assert (other.plan, other.suite) == (manifest.plan, manifest.suite)
    for path in (run.path / "findings").glob("*.csv"):
        assert sha256_of(path) == sha256_of(Path("by-hand") / "findings" / path.name)
    with pytest.raises(SystemExit) as leave:
        main(again)
    assert leave.value.code == 0
    assert [path.name for path in Path("runs").iterdir()] == [run.path.name]  # the same folder by default


def test_objects_by_name_and_tasks_from_python(tmp_path: Path) -> None:
    task = small_task(tmp_path)
    stages: list[tuple[str, int, int, str]] = []
    run = robustir.run(
        out=tmp_path / "run", tasks=[task], encoders={"few": Letters(letters="ab"), "all": Letters(), "words": "bm25"},
        progress=lambda *told: stages.append(told), **SMALL,
    )  # fmt: skip
    manifest = run.read_manifest()
    assert [row.name for row in manifest.encoders] == ["few", "all", "words"]  # in the order given
    assert manifest.benchmarks[0].name == "task"
    assert set(robustir.analyse(run).scores["encoder"]) == {"few", "all", "words"}
    # Each stage ends where it said it would.
    ends = {name: (done, total) for name, done, total, _ in stages}
    assert all(done == total for done, total in ends.values())
    assert any("texts" in unit for _, _, _, unit in stages)
    from robustir.cli import main

    with pytest.raises(SystemExit) as leave:
        main(["resume", str(run.path)])
    assert leave.value.code == 2
    repeated = robustir.run(
        out=tmp_path / "run",
        tasks=task,
        encoders={"few": Letters(letters="ab"), "all": Letters(), "words": "bm25"},
        **SMALL,
    )
    assert repeated.read_manifest().plan == manifest.plan
    assert robustir.run(out=tmp_path / "one", tasks=task, encoders=Letters(), overwrite=True, **SMALL).exists


def test_failed_cells_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINY_NOISE", "raise")
    with pytest.warns(UserWarning, match=r"1 of 4 cells failed, the first: task / bm25 / .*faulty"):
        robustir.run(
            out=tmp_path / "run", tasks=small_task(tmp_path), encoders="bm25", perturbations="tests.tiny:Faulty",
            severities=[0.5, 1.0], draws=1, formats=("csv",),
        )  # fmt: skip
    assert len([*(tmp_path / "run" / "ranks").glob("*.parquet")]) == 3  # the others are kept


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"suite": 5}, "suite must be a name, a path, a mapping or a Suite, not of type int"),
        ({"suite": "quickstrat"}, "did you mean quickstart"),
        ({"suite": {"name": "x"}}, "the suite given: benchmarks"),
        ({"encoders": [3]}, "not an encoder|a int"),
        ({"encoders": {3: "bm25"}}, "names of encoders must be strings; 3 is of type int"),
        ({"benchmarks": [3]}, "benchmarks must be specs or names, as strings; 3 is of type int"),
        ({"benchmarks": 3}, "benchmarks must be a list, not of type int"),
        ({"tasks": "mini", "benchmarks": "mini"}, "mean the same"),
        ({"perturbations": [Letters()]}, "perturbations must be specs"),
        ({"languages": 3}, "languages must be a list, not of type int"),
        ({"severities": "0.3"}, "severities must be a list of numbers"),
        ({"severities": ["0.3"]}, "severities must be numbers such as 0.3, not '0.3'"),
        ({"severities": [2]}, "severities are shares"),
        ({"draws": "many"}, "draws: Input should be a valid integer"),
        ({"measures": ["mapp"]}, "'mapp' is not a measure"),
        ({"settings": "both"}, "settings"),
        ({"limit": 0}, "limit"),
        ({"jobs": 0}, "jobs must be a whole number of at least 1, not 0"),
        ({"keep_top": "all"}, "keep_top must be a whole number of at least 0, not 'all'"),
        ({"device": "gpu"}, "choose cpu or cuda"),
        ({"formats": ("doc",)}, "'doc' is not a format"),
        ({"formats": "html"}, "formats is a list"),
        ({"progress": 5, "encoders": "bm25"}, "progress must be True, or a function"),
    ],
)
def test_wrong_arguments_are_one_sentence_before_anything_runs(
    arguments: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message) as caught:
        robustir.run(**arguments)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_other_wrong_types_are_one_sentence() -> None:
    queries = robustir.QuerySet.from_texts(["a"], lang="en")
    for call, message in (
        (lambda: robustir.perturb(["a"], "typos", severity=0.3), "queries must be a QuerySet, not of type list"),  # type: ignore[arg-type]
        (lambda: robustir.perturb(queries, "typos", severity="high"), "severity must be a number between 0 and 1"),  # type: ignore[arg-type]
        (lambda: robustir.benchmark(5), "spec must be a string"),  # type: ignore[arg-type]
        (lambda: robustir.analyse(5), "a run must be a RunDirectory or its path"),  # type: ignore[arg-type]
        (lambda: robustir.render("findings", "report.html"), "findings must come from"),  # type: ignore[arg-type]
    ):
        with pytest.raises(InputError, match=message):
            call()


def test_short_shows() -> None:
    suite = load_suite("quickstart")
    assert repr(suite) == "Suite('quickstart': 1 benchmark, 3 encoders, 2 perturbations)"
    from robustir.analysis import Findings

    assert (
        repr(Findings(manifest=sample_manifest([], [], [], [], [], exploratory=False))) == "Findings(quickstart: empty)"
    )
