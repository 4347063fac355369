"""A noise of a suite that runs on some benchmarks alone, and synthetic noise that says what it imitates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robustir.errors import SpecError
from robustir.planning.plan import make_plan
from robustir.planning.suite import validate_suite
from tests.tiny import QUERIES, run_cells, suite_of, write_beir


def recording(path: Path) -> str:
    rows = [{"_id": key, "lang": lang, "text": f"{text} x"} for key, lang, text in QUERIES]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return f"recorded(file='{path}')"


def test_a_noise_runs_on_the_benchmarks_that_it_names(tmp_path: Path) -> None:
    one, two = (str(write_beir(tmp_path / name)) for name in ("one", "two"))
    natural = recording(tmp_path / "natural.jsonl")
    noises = (
        {"spec": natural, "severities": (1.0,), "benchmarks": (two,)},
        {"spec": "casing", "imitates": (natural,)},
    )
    suite = suite_of(one, two, perturbations=noises)
    plan, run, _ = run_cells(suite, tmp_path / "run")
    ran = {(cell.benchmark, cell.condition.perturbation) for cell in plan.cells() if cell.condition.draw == 0}
    first, second = (planned.task.name for planned in plan.tasks)
    assert (first, plan.noises[0].spec) not in ran
    assert {(second, plan.noises[0].spec), (first, "casing"), (second, "casing")} <= ran
    assert not [row for row in plan.not_applicable if row[0] == first and row[1] == plan.noises[0].spec]
    written = {row.name: row.treatment for row in run.read_manifest().perturbations}
    name = plan.noises[0].name
    assert written[name].natural
    assert not written["casing"].natural
    assert written["casing"].imitates == (name,)


def test_other_benchmarks_leave_out_the_noise_that_does_not_run_on_them(tmp_path: Path) -> None:
    natural = recording(tmp_path / "natural.jsonl")
    noises = ({"spec": natural, "benchmarks": ("mini",)}, {"spec": "casing", "imitates": (natural,)})
    suite = suite_of("mini", perturbations=noises)
    left = suite.replaced(benchmarks=(str(write_beir(tmp_path / "other")),))
    assert [(noise.spec, noise.imitates) for noise in left.perturbations] == [("casing", ())]
    assert [planned.spec for planned in make_plan(left).noises] == ["casing"]
    assert suite.replaced(benchmarks=("mini",)).perturbations == suite.perturbations


@pytest.mark.parametrize(("key", "name"), [("benchmarks", "tatoeba"), ("imitates", "recorded(file='other.jsonl')")])
def test_names_that_the_suite_lacks_are_refused(key: str, name: str) -> None:
    content = {"name": "tiny", "benchmarks": ["mini"], "encoders": ["bm25"]}
    noise = {"spec": "typos", key: [name]}
    with pytest.raises(SpecError, match=rf"perturbations: {key} of typos names .*which the suite does not list"):
        validate_suite(content | {"perturbations": [noise]}, "tiny.toml")
