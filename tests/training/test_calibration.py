"""Calibration: what the command measures and writes, against what comes with robustir."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from robustir.cli.calibrate import command
from robustir.errors import NotApplicableError, SpecError
from robustir.noise.applying import perturb
from robustir.noise.prepared import prepare
from robustir.perturbations.tables.calibrations import shipped_folder
from robustir.perturbations.typing.rates import rates
from robustir.plugins.registry import create
from robustir.resources.calibration import calibrate, flores, questions, record, verify, write_calibration
from robustir.types import QuerySet
from tests.strategies import SENTENCES

# Words of seven letters with a space after each: one error in a word is 1/8 of it, or 2/8 for two keys in the wrong order.
WORDS = {"en": [" ".join(["letters"] * 8) + " "] * 400}


def test_a_curve_is_what_can_be_worked_out_by_hand() -> None:
    _, spec, entry = calibrate("delete", WORDS)
    assert (spec, entry["version"]) == ("delete", create("perturbation", "delete").version)
    # A wrong word of seven letters has a second error as often as the rates say, wherever the first one is.
    errors = 1 + rates("en", "natural", ("delete",)).several[7]
    expected = [severity * errors / 8 for severity in entry["severities"]]
    # 6,400 words: four standard errors of a share, and some more for the second errors.
    assert entry["languages"]["en"] == pytest.approx(expected, abs=5 * (0.25 / 6_400) ** 0.5 / 8)


def test_what_a_dose_asks_for_is_realised_on_the_texts_of_its_calibration(tmp_path: Path) -> None:
    name, spec, entry = calibrate(
        "compose(keyboard, delete)", {"en": [SENTENCES["en"]] * 200, "ru": [SENTENCES["ru"]] * 200}
    )
    write_calibration(tmp_path, name, spec, entry)
    rows = list(
        verify(spec, {"en": [SENTENCES["en"]] * 300, "ru": [SENTENCES["ru"]] * 300}, [0.05, 0.1, 5.0], tmp_path)
    )
    assert [(row.lang, row.asked) for row in rows] == [("en", 0.05), ("ru", 0.05), ("en", 0.1), ("ru", 0.1)]
    for row in rows:
        assert row.char_error_rate == pytest.approx(row.asked, rel=0.08)


def test_what_was_missed_is_recorded_in_the_table(tmp_path: Path) -> None:
    name, spec, entry = calibrate("delete", WORDS)
    path = write_calibration(tmp_path, name, spec, entry)
    half = {"en": [" ".join(["letters"] * 8) + " " * 64] * 400}  # as many errors in twice as many characters
    rows = list(verify(spec, half, [0.05, 0.1], tmp_path))
    record(tmp_path, rows)
    told = json.loads(path.read_text())["delete"]
    assert told["missed"]["en"] == pytest.approx(-0.5, abs=0.05)
    assert {key: value for key, value in told.items() if key != "missed"} == entry
    with pytest.raises(NotApplicableError, match="missed, so refused: en"):
        create("perturbation", f"delete(dose='cer:0.05', calibration='{tmp_path}')")
    # What is refused can be verified again, and a new table is one that was not verified.
    assert [row.char_error_rate for row in verify(spec, half, [0.05, 0.1], tmp_path)] == [
        row.char_error_rate for row in rows
    ]
    least = round(entry["languages"]["en"][-1] - 0.005, 2)
    assert [row.asked for row in verify(spec, half, [0.3], tmp_path)] == [least]
    write_calibration(tmp_path, name, spec, entry)
    assert create("perturbation", f"delete(dose='cer:0.05', calibration='{tmp_path}')").languages == {"en"}


def test_a_dose_is_verified_over_as_many_draws_as_asked_for() -> None:
    texts = {"en": [SENTENCES["en"]] * 50}
    clean, made = QuerySet.from_texts(texts["en"], lang="en"), prepare("typos(dose='cer:0.05')")
    noisy = (perturb(clean, made, severity=1.0, seed=1, draw=draw).dose for draw in range(5))
    rates = [dose.char_error_rate.mean() for dose in noisy if dose is not None]
    (row,) = verify("typos", texts, [0.05], draws=5)
    assert row.char_error_rate == pytest.approx(sum(rates) / 5)
    assert len(set(rates)) == 5


def test_arabic_takes_a_dose_of_latin_letters() -> None:
    assert "ar" in (create("perturbation", "transliterate(dose='cer:0.05')").languages or ())


def test_tables_of_one_perturbation_stand_in_one_file(tmp_path: Path) -> None:
    for spec in ("casing(mode='upper')", "casing"):
        path = write_calibration(tmp_path, *calibrate(spec, {"en": [SENTENCES["en"]]}))
    first = path.read_bytes()
    assert list(json.loads(first)) == ["casing", "casing(mode='upper')"]
    assert write_calibration(tmp_path, *calibrate("casing", {"en": [SENTENCES["en"]]})).read_bytes() == first


@pytest.mark.parametrize("spec", ["adversarial", "typos(dose='cer:0.1')"])
def test_what_cannot_be_calibrated_is_refused(spec: str) -> None:
    with pytest.raises(SpecError, match="cannot be calibrated"):
        calibrate(spec, WORDS)


def test_a_user_calibrates_on_own_texts_and_asks_for_a_dose(tmp_path: Path) -> None:
    (tmp_path / "queries.txt").write_text("\n".join(WORDS["en"]), encoding="utf-8")
    out = tmp_path / "tables"
    arguments = ["build", "casing(mode='upper')", "--texts", f"en={tmp_path / 'queries.txt'}", "-o", str(out)]
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert json.loads((out / "casing.json").read_text())["casing(mode='upper')"]["source"].startswith(
        "texts of queries.txt"
    )
    queries = QuerySet.from_texts(WORDS["en"], lang="en")
    noisy = perturb(queries, f"casing(mode='upper', dose='cer:0.2', calibration='{out}')", severity=1.0)
    assert noisy.dose is not None
    assert np.mean(noisy.dose.char_error_rate) == pytest.approx(0.2, rel=0.05)


@pytest.mark.data
@pytest.mark.parametrize(("spec", "lang"), [("delete", "tr"), ("punctuation", "el"), ("transliterate", "ru")])
def test_the_shipped_table_is_what_the_command_writes(spec: str, lang: str, data: Path) -> None:
    name, spelled, entry = calibrate(spec, flores(data, [lang]))
    shipped = json.loads((shipped_folder() / f"{name}.json").read_text(encoding="utf-8"))[spelled]
    assert shipped["languages"][lang] == entry["languages"][lang]
    assert {key: shipped[key] for key in ("version", "source", "severities")} == {
        key: entry[key] for key in ("version", "source", "severities")
    }


@pytest.mark.data
def test_typing_errors_reach_the_dose_on_xquad_r(data: Path) -> None:
    rows = list(verify("typos", questions(data, ["de", "ru"]), [0.05]))
    assert [row.lang for row in rows] == ["de", "ru"]
    for row in rows:
        assert row.char_error_rate == pytest.approx(0.05, rel=0.10)


@pytest.mark.data
def test_the_shipped_errors_are_what_the_command_records(data: Path) -> None:
    rows = list(verify("homoglyph", questions(data, ["de", "zh"]), [0.02, 0.05, 0.1]))
    shipped = json.loads((shipped_folder() / "homoglyph.json").read_text(encoding="utf-8"))["homoglyph"]["missed"]
    for lang, refused in (("de", False), ("zh", True)):
        errors = [row.char_error_rate / row.asked - 1 for row in rows if row.lang == lang and row.asked]
        assert max(errors, key=abs) == pytest.approx(shipped[lang], abs=0.001)
        assert (lang not in (create("perturbation", "homoglyph(dose='cer:0.05')").languages or ())) is refused
