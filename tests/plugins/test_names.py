"""Names of encoders: short, distinct, without folders; and which encoder a word means."""

from __future__ import annotations

from pathlib import Path

import pytest

import robustir
from robustir.errors import SpecError
from robustir.planning.plan import make_plan
from robustir.planning.suite import validate_suite
from robustir.plugins.names import resolve_name, short_name, short_names
from tests.tiny import suite_of, write_beir


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("bm25", "bm25"),
        ("hashing(analyzer='word')", "hashing(analyzer='word')"),
        ("static('/home/me/models/mine')", "mine"),
        ("static('models/mine/')", "mine"),
        ("/home/me/models/mine", "mine"),
        (r"C:\models\mine", "mine"),
        ("transformer('intfloat/multilingual-e5-small', pooling='mean')", "multilingual-e5-small"),
        ("mbert(path='/data/mbert')", "mbert(path='mbert')"),
        ("ratio-margin(static('/home/me/models/mine'))", "ratio-margin(mine)"),
        ("int8('/home/me/models/mine')", "int8('mine')"),
        ("multilingual-e5-small", "multilingual-e5-small"),
        ("my_package.models:Mine", "my_package.models:Mine"),
        ("hashing(ngrams=(2, 3, 4, 5, 6, 7), analyzer='word', dim=4096)", "hashing"),
    ],
)
def test_short_names(spec: str, name: str) -> None:
    assert short_name(spec) == name


@pytest.mark.parametrize(
    ("specs", "names"),
    [
        (["static('/a/one/final')", "static('/a/two/final')"], ["one/final", "two/final"]),
        (["static('/one/x/final')", "static('/two/x/final')", "bm25"], ["one/x/final", "two/x/final", "bm25"]),
        # The layer is the same in both and says nothing.
        (
            ["transformer('o/m', pooling='mean', layer=8)", "transformer('o/m', pooling='cls', layer=8)"],
            ["m(pooling='mean')", "m(pooling='cls')"],
        ),
        (["transformer('o/m')", "transformer('o/m', layer=8)"], ["m", "m(layer=8)"]),
        (["static('/a/m')", "transformer('b/m')"], ["a/m", "b/m"]),
    ],
)
def test_specs_that_would_share_a_name_show_what_differs(specs: list[str], names: list[str]) -> None:
    assert list(short_names(specs).values()) == names


def test_given_names_come_first() -> None:
    specs = ["static('/a/final')", "static('/b/final')", "bm25"]
    assert list(short_names(specs, {specs[0]: "ours"}).values()) == ["ours", "final", "bm25"]
    with pytest.raises(SpecError, match="two encoders are called 'ours'"):
        short_names(specs, {specs[0]: "ours", specs[1]: "ours"})


def test_a_word_means_one_encoder() -> None:
    names = {"ours": "static('/models/run1/final')", "base": "static('/models/base')", "bm25": "bm25"}
    for asked, meant in {
        "ours": "ours",
        "static('/models/run1/final')": "ours",
        'static( "/models/run1/final" )': "ours",
        "/models/run1/final": "ours",
        "run1": "ours",
        "BM": "bm25",
    }.items():
        assert resolve_name(asked, names) == meant
    with pytest.raises(SpecError, match="'models' is a part of 2 encoders; its encoders are: ours, base"):
        resolve_name("models", names)
    with pytest.raises(SpecError, match="no encoder 'e5'; its encoders are: ours, base, bm25"):
        resolve_name("e5", names)


def test_names_are_given_in_suites_and_no_key_depends_on_them(tmp_path: Path) -> None:
    task = write_beir(tmp_path / "task")
    plain = suite_of(task, encoders=("tests.tiny:Letters", "tests.tiny:Overlap"), perturbations=("tests.tiny:OnlyA",))
    named = suite_of(
        task,
        encoders=("B side=tests.tiny:Letters", {"spec": "tests.tiny:Overlap", "name": "A side"}),
        perturbations=("tests.tiny:OnlyA",),
    )
    plans = make_plan(plain), make_plan(named)
    assert [cell.key for cell in plans[0].cells()] == [cell.key for cell in plans[1].cells()]
    assert plans[0].digest() == plans[1].digest()
    run = robustir.run(named, tmp_path / "run", formats=("html", "csv"))
    manifest = run.read_manifest()
    assert [(row.name, row.spec) for row in manifest.encoders] == [
        ("B side", "tests.tiny:Letters"),
        ("A side", "tests.tiny:Overlap"),
    ]
    findings = robustir.analyse(run)
    assert list(dict.fromkeys(findings.scores["encoder"])) == ["B side", "A side"]  # as given, not by the alphabet
    assert set(findings.comparisons["encoder_a"]) == {"B side"}
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert page.index("B side") < page.index("A side")
    facts, _, _ = page.partition("The whole manifest")
    assert facts.count("tests.tiny:Letters; revision") == 1  # once, where the run is described


def test_an_attack_names_its_victim_as_the_run_does(tmp_path: Path) -> None:
    task = write_beir(tmp_path / "task")
    suite = suite_of(
        task,
        encoders=("victim=tests.tiny:Letters", "tests.tiny:Overlap"),
        perturbations=("tests.tiny:ToLetter",),
        severities=(0.5,),
    )
    run = robustir.run(suite, tmp_path / "run", formats=("csv",))
    assert {row.attacked for row in run.read_manifest().perturbations} == {"victim", "tests.tiny:Overlap"}
    contrasts = robustir.analyse(run).contrasts
    assert {"victim", "tests.tiny:Overlap"} == set(contrasts["attacked"])
    assert set(contrasts["encoder"]) == {"victim", "tests.tiny:Overlap"}


@pytest.mark.parametrize("name", ["x" * 81, "two\tparts", "a/b", "a=b", " "])
def test_names_that_cannot_be_names(name: str) -> None:
    content = {"name": "x", "benchmarks": ["mini"], "encoders": [{"spec": "bm25", "name": name}]}
    with pytest.raises(SpecError, match="is not a valid name"):
        validate_suite(content, "suite.toml")


def test_an_equals_sign_of_a_path_or_spec_is_none_of_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lr=0.1").mkdir()
    suite = suite_of(
        "mini",
        encoders=("./models/lr=0.1", "lr=0.1/final", "lr=0.1", "hashing(analyzer='word')", "w = hashing(dim=64)"),
    )
    assert suite.encoder_names == {"0.1/final": "lr", "hashing(dim=64)": "w"}
    assert "lr=0.1" in suite.encoder_specs
