"""Attacks in a run: whom they know, what their control repeats, which passages they are scored on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import robustir
from robustir.analysis.of_run import analyse_run
from robustir.errors import SpecError
from robustir.evidence.per_query import score_tables
from robustir.planning.conditions import Condition
from robustir.planning.plan import make_plan
from robustir.plugins.specs import Spec
from robustir.reports.blocks import Table, walk_texts
from robustir.reports.document import build
from robustir.reports.study import short_names
from robustir.rundir.directory import RunDirectory
from tests.tiny import run_cells, suite_of, write_beir

ENCODERS = ("tests.tiny:Letters", "tests.tiny:Overlap", "hashing")


def attack_on(victim: str, **arguments: object) -> str:
    """Return the spec of the tiny attack."""
    return str(Spec("tests.tiny:ToLetter", (), tuple({"against": victim, **arguments}.items())))


def control_of(attack: str) -> str:
    """Return the spec of its control."""
    return f"random-control({attack})"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """A run of one attack against each of three encoders."""
    folder = tmp_path_factory.mktemp("attacks")
    suite = suite_of(write_beir(folder / "task"), encoders=ENCODERS, perturbations=("tests.tiny:ToLetter()",))
    _, run, summary = run_cells(suite, folder / "run")
    assert not summary.failures
    return run


def test_an_attack_without_an_encoder_runs_against_every_one_with_its_control(run: RunDirectory) -> None:
    rows = {row.name: row for row in run.read_manifest().perturbations}
    expected = [name for encoder in ENCODERS for name in (attack_on(encoder), control_of(attack_on(encoder)))]
    assert list(rows) == expected
    for encoder in ENCODERS:
        assert (rows[attack_on(encoder)].attacked, rows[attack_on(encoder)].control) == (encoder, False)
        assert rows[control_of(attack_on(encoder))].control is True


def test_an_attack_that_names_its_encoder_runs_against_that_one_even_if_the_suite_does_not_score_it(
    tmp_path: Path,
) -> None:
    folder = write_beir(tmp_path / "task")
    suite = suite_of(folder, encoders=("hashing",), perturbations=(attack_on("tests.tiny:Overlap"),))
    plan, run, summary = run_cells(suite, tmp_path / "run")
    assert not summary.failures
    assert [noise.treatment.attacked for noise in plan.noises] == ["tests.tiny:Overlap"] * 2
    texts = run.read_noisy(plan.queries_key(plan.tasks[0], Condition(attack_on("tests.tiny:Overlap"), 0.5)))[1]
    assert texts == ["c", "c"]


def test_the_control_repeats_the_number_of_edits(run: RunDirectory) -> None:
    for cell in run.read_manifest().cells:
        if cell.perturbation.startswith("random-control"):
            assert run.read_noisy(cell.queries_key)[1] == ["b", "b"]


def test_what_the_attack_cost_and_reached_is_kept_per_query(run: RunDirectory) -> None:
    cell = next(cell for cell in run.read_manifest().cells if cell.perturbation == attack_on(ENCODERS[0]))
    table = run.read_table(run.queries_path(cell.queries_key)).to_pydict()
    assert table["edits"] == [1, 1]
    assert table["encoder_queries"] == [3, 3]
    assert len(table["margin_before"]) == len(table["margin_after"]) == 2


def test_attacked_queries_are_scored_on_the_passages_that_were_aimed_at_alone(run: RunDirectory) -> None:
    table = pd.concat([one.to_pandas() for one in score_tables(run)])
    attacked = table[table["perturbation"].str.contains("ToLetter")]
    assert set(attacked["setting"]) == {"mono"}
    assert attacked["query_lang"].tolist() == attacked["passage_lang"].tolist()
    assert set(table[table["perturbation"] == ""]["setting"]) == {"mono", "cross", "multi"}


def test_findings_name_the_attacked_encoder_and_compare_it_with_no_other(run: RunDirectory) -> None:
    findings = analyse_run(run)
    contrasts = findings.contrasts
    assert set(contrasts["attacked"]) == set(ENCODERS)
    assert set(contrasts["control"]) == {True, False}
    assert set(contrasts["setting"]) == {"mono"}
    pairs = findings.comparisons
    assert len(pairs)
    for row in pairs.to_dict("records"):
        assert row["attacked"] not in {row["encoder_a"], row["encoder_b"]}


def test_the_loss_beyond_the_control_is_the_difference_of_the_two_changes(run: RunDirectory) -> None:
    contrasts = analyse_run(run).contrasts
    key = ["benchmark", "encoder", "severity", "setting", "query_lang", "passage_lang", "measure", "attacked"]
    attacks, controls = (contrasts[contrasts["control"] == kind].set_index(key) for kind in (False, True))
    assert len(attacks.index)
    expected = (attacks["delta"] - controls["delta"]).reindex(attacks.index)
    np.testing.assert_allclose(attacks["beyond_delta"], expected, atol=1e-12)
    assert np.isnan(controls["beyond_delta"].to_numpy()).all()


def test_a_fixed_target_language_is_a_pair_of_languages(tmp_path: Path) -> None:
    folder = write_beir(tmp_path / "task")
    attack = attack_on("tests.tiny:Letters", passages="de")
    _, run, _ = run_cells(suite_of(folder, perturbations=(attack,)), tmp_path / "run")
    table = pd.concat([one.to_pandas() for one in score_tables(run)])
    assert set(table[table["perturbation"] == attack]["passage_lang"]) == {"de"}


def test_workers_and_order_do_not_matter(tmp_path: Path) -> None:
    folder = write_beir(tmp_path / "task")
    contents = []
    for number, jobs in enumerate((1, 2)):
        suite = suite_of(folder, encoders=ENCODERS[:2], perturbations=("tests.tiny:ToLetter()",))
        _, run, summary = run_cells(suite, tmp_path / str(number), jobs=jobs)
        assert not summary.failures
        files = sorted(path for part in ("queries", "ranks") for path in (run.path / part).iterdir())
        contents.append([(path.name, path.read_bytes()) for path in files])
    assert contents[0] == contents[1]


def test_an_attack_needs_an_encoder(tmp_path: Path) -> None:
    from tests.tiny import Letters

    folder = write_beir(tmp_path / "task")
    suite = suite_of(folder, perturbations=("tests.tiny:ToLetter()",)).model_copy(update={"encoders": ()})
    with pytest.raises(SpecError, match="has no encoder to attack; name an encoder"):
        make_plan(suite, encoders=[Letters()])


def test_attacks_have_no_place_outside_a_suite() -> None:
    with pytest.raises(SpecError, match="runs in suites"):
        robustir.perturb(robustir.QuerySet.from_texts(["a"], lang="en"), "tests.tiny:ToLetter()", severity=0.5)


def test_the_report_keeps_attacks_in_a_section_of_their_own(run: RunDirectory) -> None:
    findings = analyse_run(run)
    document = build(findings, findings.manifest)
    sections = {section.id: section for section in document.sections}
    beyond, *tables = [block for block in sections["attacks"].blocks if isinstance(block, Table)]
    assert sections["attacks"].blocks[: sections["attacks"].open][1] == beyond
    assert [row[0].text for row in beyond.rows] == [f"against {one}" for one in ENCODERS]
    assert all((beyond.rows[i][j + 2].mark == "strong") is (i == j) for i in range(3) for j in range(3))
    assert [table.caption.partition(" at severity ")[0] for table in tables] == ["tests.tiny:ToLetter"] * 4
    # At both severities, over all queries and over the edited ones: some query is the worst letter already.
    assert [table.caption.endswith(", over edited queries alone") for table in tables] == [False, True] * 2
    for table in tables:
        assert [row[0].text for row in table.rows] == [name for one in ENCODERS for name in (one, "random control")]
        marks = [[cell.mark for cell in row[3:]] for row in table.rows[::2]]
        assert all((marks[i][j] == "strong") is (i == j) for i in range(3) for j in range(3))
        assert [column.title for column in table.columns[1:3]] == ["Words edited", "Queries edited"]
    # The first table has attacks in columns of their own, the examples among others.
    for name in sections.keys() - {"scores", "examples", "attacks", "validity", "methods", "manifest"}:
        assert not any("ToLetter" in text for text in walk_texts(sections[name]))


def test_the_report_shows_what_attacks_did_per_language(run: RunDirectory) -> None:
    findings = analyse_run(run)
    validity = next(part for part in build(findings, findings.manifest).sections if part.id == "validity")
    tables = {block.id: block for block in validity.blocks if isinstance(block, Table)}
    (benchmark,) = set(findings.validity["benchmark"])
    rows: Any = findings.validity.set_index(["perturbation", "severity", "query_lang"])
    languages = sorted(set(findings.validity["query_lang"]))
    for kind, field in (
        ("dose", "word_edit_rate"),
        ("edited", "edited_word_edit_rate"),
        ("unchanged", "unchanged_share"),
    ):
        shown = {row[0].text: row[1:] for row in tables[f"attack-{kind}-{benchmark}"].rows}
        assert len(shown) == len(findings.validity) / len(languages)
        for name, severity in dict.fromkeys(
            zip(rows.index.get_level_values(0), rows.index.get_level_values(1), strict=True)
        ):
            for lang, cell in zip(languages, shown[f"{short_names([name])[name]} at {severity:g}"], strict=True):
                expected = 100 * float(rows.loc[(name, severity, lang)][field])
                assert (cell.text == "–") if expected != expected else abs(float(cell.text) - expected) <= 0.5


def test_queries_that_an_attack_spared_are_told_apart(tmp_path: Path) -> None:
    spec = "adversarial(against='hashing', gate=0.97)"  # few texts are as near to the clean one as that
    suite = suite_of("mini", encoders=("hashing",), perturbations=(spec,), languages=("en", "th"), severities=(0.3,))
    _, run, _ = run_cells(suite, tmp_path / "run")
    findings = analyse_run(run)
    contrasts: Any = findings.contrasts
    attack = contrasts[~contrasts["control"] & (contrasts["measure"] == "AP")]
    each = attack[attack["query_lang"] != "all"].set_index("query_lang")
    assert ((each["edited_share"] < 0.9) & (each["edited_share"] > 0)).any()
    assert np.allclose(each["edited_share"], 1 - each["unchanged"])
    part = each[each["edited_share"] > 0]
    assert np.allclose(part["delta"], part["edited_share"] * part["edited_delta"])
    document = build(findings, findings.manifest)
    section = next(section for section in document.sections if section.id == "attacks")
    captions = [block.caption for block in section.blocks if isinstance(block, Table)]
    assert any(caption.endswith("over edited queries alone") for caption in captions)
    assert any("leaves some queries unchanged" in text for text in walk_texts(section))


def test_declared_rows_under_attacks_are_a_family_of_their_own(run: RunDirectory) -> None:
    contrasts = analyse_run(run).contrasts
    declared = contrasts[(contrasts["query_lang"] == "all") & (contrasts["measure"] == "AP")]
    assert set(declared["family"]) == {"attacks"}
