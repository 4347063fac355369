"""Recorded noise: found by id, replaced in order, refused where it does not belong."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from robustir.errors import DataError, NotApplicableError, SpecError
from robustir.noise.applying import perturb
from robustir.perturbations.recorded import Recorded
from robustir.plugins.registry import create
from robustir.seeds import Stream, derive_key
from robustir.types import QuerySet

SIZE = 400
QUERIES = QuerySet.from_texts([f"clean {i}" for i in range(SIZE)], lang="en", ids=[f"q{i}" for i in range(SIZE)])


def write(path: Path, word: str, ids: list[str], **more: str) -> str:
    path.write_text(
        "".join(json.dumps({"_id": name, "text": f"{word} {name}", **more}) + "\n" for name in ids), encoding="utf-8"
    )
    return str(path)


@pytest.fixture
def file(tmp_path: Path) -> str:
    return write(tmp_path / "noisy.jsonl", "noisy", list(QUERIES.ids))


def test_severity_one_is_the_recording_and_zero_the_clean_text(file: str) -> None:
    assert perturb(QUERIES, Recorded(file), severity=1.0).texts == tuple(f"noisy {name}" for name in QUERIES.ids)
    assert perturb(QUERIES, Recorded(file), severity=0.0).texts == QUERIES.texts


def test_severity_is_the_share_of_replaced_queries_and_nests(file: str) -> None:
    low, high = (perturb(QUERIES, Recorded(file), severity=severity, seed=3).texts for severity in (0.3, 0.6))
    changed = [[text.startswith("noisy") for text in texts] for texts in (low, high)]
    assert 0.23 < sum(changed[0]) / SIZE < 0.37  # three standard deviations of a binomial share
    assert 0.52 < sum(changed[1]) / SIZE < 0.68
    assert all(after or not before for before, after in zip(*changed, strict=True))


def test_a_query_does_not_depend_on_its_neighbours(file: str) -> None:
    whole = perturb(QUERIES, Recorded(file), severity=0.5, seed=1).texts
    assert perturb(QUERIES.select([7, 3]), Recorded(file), severity=0.5, seed=1).texts == (whole[7], whole[3])


def test_several_files_are_a_ladder(tmp_path: Path) -> None:
    names = [write(tmp_path / f"{word}.jsonl", word, list(QUERIES.ids)) for word in ("weak", "strong")]
    ladder = Recorded(files=names)
    assert not ladder.nested
    assert ladder.nesting_note
    starts = {s: {text.split()[0] for text in perturb(QUERIES, ladder, severity=s).texts} for s in (0.25, 0.5, 0.75, 1)}
    assert starts == {0.25: {"clean", "weak"}, 0.5: {"weak"}, 0.75: {"weak", "strong"}, 1: {"strong"}}


def test_source_ids_are_looked_up_and_languages_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "two.jsonl"
    rows = [{"_id": "7", "text": "nosy", "lang": "en"}, {"_id": "7", "text": "rauschig", "lang": "de"}]
    path.write_text("\r\n".join(map(json.dumps, rows)), encoding="utf-8")
    queries = QuerySet(("en-7", "de-7"), ("noisy", "rauschen"), ("en", "de"), ("7", "7"), ("a", "a"))
    assert Recorded(str(path)).languages == {"de", "en"}
    assert perturb(queries, Recorded(str(path)), severity=1.0).texts == ("nosy", "rauschig")


def test_two_columns(tmp_path: Path) -> None:
    (tmp_path / "noisy.tsv").write_text("0\twhere nile\n", encoding="utf-8")
    queries = QuerySet.from_texts(["where is the nile"], lang="en")
    assert perturb(queries, Recorded(str(tmp_path / "noisy.tsv")), severity=1.0).texts == ("where nile",)


def test_missing_queries_are_counted_until_they_are_too_many(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "most.jsonl", "noisy", list(QUERIES.ids[:380]))
    with caplog.at_level(logging.WARNING):
        assert perturb(QUERIES, Recorded(path), severity=1.0).texts[380:] == QUERIES.texts[380:]
    assert "lacks 20 of 400 queries" in caplog.text
    with pytest.raises(DataError, match=r"has 380 of 400 queries.*lacks q380 \(en\).*holds q0 \(en\)"):
        perturb(QUERIES, Recorded(path, coverage=0.96), severity=1.0)
    other = write(tmp_path / "other.jsonl", "noisy", ["x1"])
    with pytest.raises(DataError, match=r"has 0 of 400 queries.*lacks q0 .*holds x1"):
        perturb(QUERIES, Recorded(other, coverage=0.0), severity=1.0)


def test_a_changed_file_is_another_noise(tmp_path: Path) -> None:
    before = Recorded(write(tmp_path / "noisy.jsonl", "one", ["a"])).version
    assert Recorded(write(tmp_path / "noisy.jsonl", "one", ["a"])).version == before
    assert Recorded(write(tmp_path / "noisy.jsonl", "two", ["a"])).version != before


def test_files_are_found_in_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROBUSTIR_DATA", str(tmp_path))
    (tmp_path / "set").mkdir()
    write(tmp_path / "set" / "noisy.jsonl", "noisy", list(QUERIES.ids))
    noise = create("perturbation", "robustir.perturbations.recorded:Recorded(file='set/noisy.jsonl')")
    assert perturb(QUERIES, noise, severity=1.0).texts[0] == "noisy q0"
    with pytest.raises(DataError, match=r"no file with recorded noise at .*gone\.jsonl or gone\.jsonl"):
        Recorded("gone.jsonl")


def test_other_languages_are_refused(file: str) -> None:
    with pytest.raises(NotApplicableError, match="works in: en"):
        perturb(QuerySet.from_texts(["wo"], lang="de", ids=["q0"]), Recorded(file), severity=1.0)


@pytest.mark.parametrize("line", ['{"_id": "a"}', '{"_id": "a", "text": 3}', "[]", "no json"])
def test_malformed_lines_are_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"_id": "z", "text": "good"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"bad\.jsonl:2"):
        Recorded(str(path))


def test_repeated_ids_and_empty_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"noisy\.jsonl:2: the id 'a' occurs twice"):
        Recorded(write(tmp_path / "noisy.jsonl", "noisy", ["a", "a"]))
    (tmp_path / "empty.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match="holds no text"):
        Recorded(str(tmp_path / "empty.jsonl"))


def test_arguments_and_bare_texts_are_refused(file: str) -> None:
    with pytest.raises(SpecError, match="not both"):
        Recorded(file, files=(file,))
    with pytest.raises(SpecError, match="coverage"):
        Recorded(file, coverage=2.0)
    with pytest.raises(SpecError, match="query id"):
        Recorded(file)("text", lang="en", severity=0.5, rng=Stream(derive_key("k")))
    assert Recorded(file)("text", lang="en", severity=0, rng=Stream(derive_key("k"))) == "text"


@pytest.mark.data
def test_noiseqa_covers_xquad_r(data: Path) -> None:
    queries = create("benchmark", "xquad-r").load(data, ["en"]).queries
    noisy = perturb(queries, Recorded(str(data / "noiseqa/natural/xquad-keyboard-natural.jsonl")), severity=1.0)
    # `paste natural/xquad-keyboard-natural.jsonl natural/xquad-context-en-question-en.jsonl`: 576 lines agree.
    assert len(queries) == 1190
    assert sum(map(str.__eq__, queries.texts, noisy.texts)) == 576
