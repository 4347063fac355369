"""Where runs go, one command after another; names, limits and measures given on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke, confirming
from tests.tiny import QUERIES, write_beir

LETTERS, OVERLAP = "tests.tiny:Letters", "tests.tiny:Overlap"


@pytest.fixture
def invoke(invoke: Invoke) -> Invoke:
    """Call the command line; the suites here name plugins of the tests."""
    return confirming(invoke)


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a tiny suite, in the working directory."""
    monkeypatch.chdir(tmp_path)
    task = write_beir(tmp_path / "task")
    path = tmp_path / "tiny.toml"
    path.write_text(
        f'name = "tiny"\nbenchmarks = ["{task}"]\nencoders = ["{LETTERS}"]\nperturbations = ["tests.tiny:OnlyA"]\n'
        "severities = [0.5]\ndraws = 1\n[statistics]\nflips = 99\nresamples = 99\n",
        encoding="utf-8",
    )
    return path


def manifest(run: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    return content


def test_every_way_of_changing_a_suite_has_a_folder_and_the_same_again_resumes_it(suite: Path, invoke) -> None:
    commands: list[tuple[str, ...]] = [
        (),
        ("--encoder", OVERLAP),
        ("--encoder", OVERLAP, "--encoder", LETTERS),
        ("--seed", "3"),
        ("--limit", "1", "--settings", "mono"),
        ("--measure", "RR,nDCG@10", "--measure", "AP"),
        ("--draws", "1"),  # as the suite has it: nothing is changed
    ]
    seen = []
    for options in commands:
        done = invoke("run", suite, *options, "--format", "csv", "-j1")
        assert done.code == 0, done.err
        before = set(Path("runs").iterdir())
        again = invoke("run", suite, *options, "--format", "csv", "-j1")
        assert again.code == 0, again.err
        assert set(Path("runs").iterdir()) == before
        seen.append(before)
        shown = json.loads(invoke("plan", suite, *options, "--json").out)
        assert shown["done"] == shown["cells"]
    names = sorted(path.name for path in seen[-1])
    assert len(names) == len(commands) - 1
    assert "tiny" in names
    for words in ("tests.tiny-overlap-", "seed-3-", "mono-limit-1-", "rr-ndcg-10-ap-"):
        assert any(name.startswith(f"tiny-{words}") for name in names), (words, names)


def test_three_ways_out_of_another_plan(suite: Path, invoke) -> None:
    assert invoke("run", suite, "--format", "csv", "-j1").code == 0
    refused = invoke("run", suite, "--seed", "9", "-o", "runs/tiny", "--format", "csv", "-j1")
    assert refused.code == 2
    assert "runs/tiny holds another plan" in refused.err
    assert "its seed is 0, the plan's is 9" in refused.err
    assert invoke("run", suite, "--seed", "9", "-o", "runs/other", "--format", "csv", "-j1").code == 0
    assert invoke("resume", "runs/tiny", "--format", "csv", "-j1").code == 0
    replaced = invoke("run", suite, "--seed", "9", "-o", "runs/tiny", "--overwrite", "--format", "csv", "-j1")
    assert replaced.code == 0
    assert "(0 done before)" in replaced.out
    assert manifest(Path("runs/tiny"))["suite"] == manifest(Path("runs/other"))["suite"]


def test_an_added_encoder_keeps_what_is_there_and_resume_and_report_follow(suite: Path, invoke) -> None:
    assert invoke("run", suite, "--format", "csv", "-j1").code == 0
    added = invoke(
        "run",
        suite,
        "--encoder",
        f"one={LETTERS}",
        "--encoder",
        f"two={OVERLAP}",
        "-o",
        "runs/tiny",
        "--format",
        "csv",
        "-j1",
    )
    assert added.code == 0, added.err
    assert "6 of 6 cells (3 done before)" in added.out
    next(Path("runs/tiny/ranks").iterdir()).unlink()
    resumed = invoke("resume", "runs/tiny", "--format", "csv", "-j1")
    assert resumed.code == 0, resumed.err
    assert "(5 done before)" in resumed.out
    assert invoke("report", "runs/tiny", "--format", "html,csv").code == 0
    page = Path("runs/tiny/report.html").read_text(encoding="utf-8")
    assert "one" in page
    assert "two" in page
    comparisons = Path("runs/tiny/findings/comparisons.csv").read_text(encoding="utf-8")
    assert ",one,two," in comparisons


def test_a_limit_and_measures_decide_what_is_scored(suite: Path, invoke) -> None:
    done = invoke(
        "run",
        suite,
        "--limit",
        "1",
        "--settings",
        "mono,multi",
        "--measure",
        "RR",
        "-o",
        "run",
        "--format",
        "csv",
        "-j1",
    )
    assert done.code == 0, done.err
    entry = manifest(Path("run"))["benchmarks"][0]  # type: ignore[index]
    assert entry["settings"] == ["mono", "multi"]
    assert entry["queries_per_language"] == {lang: 1 for _, lang, _ in QUERIES}
    lines = Path("run/findings/scores.csv").read_text(encoding="utf-8").splitlines()
    settings = {line.split(",")[1] for line in lines[1:]}
    assert settings == {"mono", "multi"}
    assert {line.split(",")[5] for line in lines[1:]} == {"RR"}


def test_no_local_path_is_shown(suite: Path, tmp_path: Path, invoke) -> None:
    from robustir.encoders.shipped import StaticXX

    shipped = StaticXX().folder
    copy = tmp_path / "deep" / "folder" / "mine"
    copy.mkdir(parents=True)
    for path in shipped.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    done = invoke("run", suite, "--encoder", str(copy), "-o", "run", "--format", "html,csv", "-j1")
    assert done.code == 0, done.err
    for path in Path("run/findings").iterdir():
        assert "deep" not in path.read_text(encoding="utf-8")
    assert ",mine," in Path("run/findings/scores.csv").read_text(encoding="utf-8")
    scores = invoke("scores", "run", "--format", "csv", "--measure", "AP").out
    assert ',"mine",' in scores
    assert "deep" not in scores
    assert "deep/folder" not in Path("run/report.html").read_text(encoding="utf-8")


def test_no_local_path_is_shown_in_the_names_of_noise(suite: Path, tmp_path: Path, invoke) -> None:
    from robustir.encoders.shipped import StaticXX

    victim = tmp_path / "deep" / "victim"
    victim.mkdir(parents=True)
    for path in StaticXX().folder.iterdir():
        (victim / path.name).write_bytes(path.read_bytes())
    noisy = tmp_path / "deep" / "noisy.jsonl"
    noisy.write_text("".join(f'{{"_id": "{key}", "text": "bbc"}}\n' for key, _, _ in QUERIES), encoding="utf-8")
    recorded = f"recorded(file='{noisy}')"
    attack = f"tests.tiny:ToLetter(against=\"static('{victim}')\")"
    done = invoke(
        *("run", suite, "--encoder", f"ours=static('{victim}')", "--encoder", LETTERS, "--perturbation", recorded),
        *("--perturbation", attack, "-o", "run", "--format", "html,csv", "-j1"),
    )
    assert done.code == 0, done.err
    names = [row["name"] for row in manifest(Path("run"))["perturbations"]]  # type: ignore[attr-defined]
    assert names == [
        "recorded(file='noisy.jsonl')",
        "tests.tiny:ToLetter(against='ours')",
        "random-control(tests.tiny:ToLetter(against='ours'))",
    ]
    for path in Path("run/findings").iterdir():
        assert "deep" not in path.read_text(encoding="utf-8")
    assert "deep" not in done.out
    page = Path("run/report.html").read_text(encoding="utf-8")
    assert "deep" not in page.partition('id="manifest"')[0]
    scores = invoke(
        "scores", "run", "--format", "csv", "--perturbation", recorded, "--measure", "AP", "--encoder", "ours"
    )
    assert scores.code == 0, scores.err
    assert scores.out.count("recorded(file='noisy.jsonl')") == scores.out.count("\n") - 1 > 0
    assert "deep" not in invoke("plan", suite, "--perturbation", recorded, "--encoder", LETTERS).out.replace(
        str(tmp_path / "run"), ""
    )
    resumed = invoke("resume", "run", "--format", "csv", "-j1")
    assert resumed.code == 0, resumed.err
    assert "(0 done before)" not in resumed.out
