"""Keys of query sets: everything that changes the noisy texts is in them, nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from robustir.planning.conditions import CLEAN, Condition
from robustir.planning.plan import Plan, make_plan
from robustir.plugins.registry import create
from tests.tiny import suite_of, write_beir

NOISE = "tests.tiny:Shout"


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A plan of one noise at one severity."""
    return make_plan(suite_of(write_beir(tmp_path / "task"), perturbations=(NOISE,), severities=(0.5,), seed=1))


def key(plan: Plan, condition: Condition | None = None) -> str:
    return plan.queries_key(plan.tasks[0], condition or Condition(plan.noises[0].spec, 0.5, 0))


def test_seed_version_severity_draw_and_queries_change_the_key_of_a_query_set(plan: Plan) -> None:
    (noise,), (task,) = plan.noises, plan.tasks
    keys = [
        key(plan),
        key(plan, Condition(noise.spec, 0.6, 0)),
        key(plan, Condition(noise.spec, 0.5, 1)),
        key(replace(plan, suite=plan.suite.model_copy(update={"seed": 2}))),
        key(replace(plan, noises=(replace(noise, version="2"),))),
        key(replace(plan, tasks=(replace(task, digest="other queries"),))),
        key(replace(plan, noises=(replace(noise, spec="another"),)), Condition("another", 0.5, 0)),
    ]
    assert len(set(keys)) == len(keys)


def test_the_key_of_clean_queries_depends_on_them_alone(plan: Plan) -> None:
    (noise,), (task,) = plan.noises, plan.tasks
    clean = key(plan, CLEAN)
    assert clean == key(replace(plan, suite=plan.suite.model_copy(update={"seed": 2})), CLEAN)
    assert clean == key(replace(plan, noises=(replace(noise, version="2"),)), CLEAN)
    assert clean != key(replace(plan, tasks=(replace(task, digest="other queries"),)), CLEAN)


def test_a_dose_has_its_calibration_in_the_version_of_its_cells() -> None:
    perturbation = make_plan(suite_of("mini", perturbations=("typos(dose='cer:0.02')",), encoders=("hashing",))).noises[
        0
    ]
    version = create("perturbation", "typos").version
    assert perturbation.version == f"{version} calibrated {perturbation.perturbation.calibrated}"
    assert perturbation.perturbation.calibrated
