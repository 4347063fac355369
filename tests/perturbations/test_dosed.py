"""Perturbations at a calibrated dose: their laws, what is out of reach, and tables that do not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustir.errors import DataError, NotApplicableError, SpecError
from robustir.noise.applying import perturb
from robustir.perturbations.dosed import Dosed
from robustir.perturbations.tables.calibrations import Curve, find_calibration, read_calibrations, shipped_folder
from robustir.plugins.registry import canonical, create, registered
from robustir.resources.calibration import LEFT_OUT, shipped_specs
from robustir.seeds import Stream, derive_key
from robustir.types import QuerySet
from tests.strategies import LANGUAGES, SENTENCES, keys, languages, severities, texts

DOSED = ("typos(dose='cer:0.05')", "ocr(dose='cer:0.05')", "spacing(dose='cer:0.05')")
specs = st.sampled_from(DOSED)


@given(specs, st.lists(st.tuples(texts, languages, keys), max_size=6), severities)
@settings(max_examples=80, deadline=None)
def test_a_batch_equals_its_texts_one_by_one(spec: str, batch: list[tuple[str, str, bytes]], severity: float) -> None:
    made = create("perturbation", spec)
    batch = [each for each in batch if each[1] in made.languages]
    many, langs, many_keys = zip(*batch, strict=True) if batch else ((), (), ())
    together = made.apply_batch(many, langs=langs, severity=severity, keys=many_keys)
    alone = [made(text, lang=lang, severity=severity, rng=Stream(key)) for text, lang, key in batch]
    assert together == alone
    assert made.apply_batch(many, langs=langs, severity=0.0, keys=many_keys) == list(many)


@given(specs, languages, keys, severities)
@settings(max_examples=80, deadline=None)
def test_the_noise_is_that_of_the_nominal_severity(spec: str, lang: str, key: bytes, severity: float) -> None:
    made = create("perturbation", spec)
    if lang not in made.languages:
        return
    plain = create("perturbation", spec.partition("(")[0])
    assert (made.name, made.version, made.nested) == (plain.name, plain.version, plain.nested)
    nominal = made.nominal(lang, severity)
    assert 0 <= nominal <= 1
    assert made.nominal(lang, severity / 2) <= nominal
    text = SENTENCES[lang]
    after = made(text, lang=lang, severity=severity, rng=Stream(key))
    assert after == plain(text, lang=lang, severity=nominal, rng=Stream(key))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_doses_nest(lang: str) -> None:
    made = create("perturbation", "typos(dose='cer:0.1')")
    for number in range(10):
        key = derive_key("nest", number)
        levels = [made(SENTENCES[lang], lang=lang, severity=share, rng=Stream(key)) for share in (0.0, 0.3, 1.0)]
        assert levels[0] == SENTENCES[lang]
        assert levels[1] == levels[0] or levels[2] != levels[0]


def test_one_stream_serves_all_doses_of_a_perturbation() -> None:
    queries = QuerySet.from_texts([SENTENCES["en"]] * 20, lang="en")
    nominal = create("perturbation", "typos(dose='cer:0.05')").nominal("en", 1.0)
    dosed = perturb(queries, "typos(dose='cer:0.05')", severity=1.0, seed=3)
    assert dosed.texts == perturb(queries, "typos", severity=nominal, seed=3).texts
    # Half of a dose of 0.1 is a dose of 0.05: severities and doses share one stream.
    assert dosed.texts == perturb(queries, "typos(dose='cer:0.1')", severity=0.5, seed=3).texts


def test_curves_are_inverted_between_their_points() -> None:
    curve = Curve((0.1, 0.5, 1.0), (0.02, 0.02, 0.06))
    assert [curve.severity(dose) for dose in (0.0, 0.01, 0.02, 0.04, 0.06)] == pytest.approx([0, 0.05, 0.1, 0.75, 1.0])
    assert curve.greatest == 0.06


def test_canonical_specs_keep_the_dose_in_one_spelling() -> None:
    spelled = canonical("perturbation", "typos(dose='cer:0.050')")
    assert spelled == "typos(dose='cer:0.05')"
    assert canonical("perturbation", spelled) == spelled
    assert canonical("perturbation", "code-switch('de', dose='cer:.1')") == "code-switch(dose='cer:0.1', into='de')"
    composed = canonical("perturbation", "compose(typos(dose='cer:0.05'), ocr(dose='cer:0.05'))")
    assert composed == "compose(typos(dose='cer:0.05'), ocr(dose='cer:0.05'))"
    assert create("perturbation", composed).calibrated


@pytest.mark.parametrize("dose", ["0.05", "'cer'", "'cer:x'", "'cer:0'", "'cer:-1'", "'cer:inf'", "'wer:0.1'", "None"])
def test_a_dose_that_is_none_is_refused(dose: str) -> None:
    with pytest.raises(SpecError, match="write a character error rate above 0"):
        create("perturbation", f"typos(dose={dose})")


def test_what_a_language_cannot_reach_names_what_each_can() -> None:
    made = create("perturbation", "typos(dose='cer:0.3')")
    assert made.languages == {"zh"}
    queries = QuerySet.from_texts(["where is it"], lang="en")
    with pytest.raises(
        NotApplicableError, match=r"0\.3 is out of reach in en.*at most: ar 0\.\d+, de 0\.\d+.*zh 0\.\d+"
    ):
        perturb(queries, "typos(dose='cer:0.3')", severity=1.0)
    with pytest.raises(NotApplicableError, match=r"no language reaches .*; typos reaches at most: ar"):
        create("perturbation", "typos(dose='cer:5')")
    with pytest.raises(NotApplicableError, match="transliterate does not know en"):
        perturb(queries, "transliterate(dose='cer:0.1')", severity=1.0)
    greatest = json.loads((shipped_folder() / "typos.json").read_text())["typos"]["languages"]["en"][-1]
    assert "en" in create("perturbation", f"typos(dose='cer:{greatest}')").languages
    assert "en" not in create("perturbation", f"typos(dose='cer:{greatest + 0.0001}')").languages


def test_without_a_table_the_command_that_makes_one_is_named() -> None:
    spec = r"casing\(mode='upper'\)"
    with pytest.raises(SpecError, match=rf'{spec} is not calibrated.*robustir calibrate build "{spec}" -o FOLDER'):
        create("perturbation", "casing(mode=upper, dose='cer:0.1')")
    with pytest.raises(SpecError, match="is an attack"):
        create("perturbation", "adversarial(dose='cer:0.1')")
    with pytest.raises(DataError, match="calibration='nowhere' is not a folder"):
        create("perturbation", "typos(dose='cer:0.1', calibration='nowhere')")


def test_tables_of_another_version_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    entry = json.loads((shipped_folder() / "typos.json").read_text())["typos"]
    path = tmp_path / "typos.json"
    path.write_text(json.dumps({"typos": entry | {"version": "0"}}))
    spec = f"typos(dose='cer:0.1', calibration='{tmp_path}')"
    with pytest.raises(SpecError, match=r"is for version 0, and the perturbation is at version .*calibrate build"):
        create("perturbation", spec)
    for damaged in ("{", "[]", '{"typos": {}}', json.dumps({"typos": entry | {"severities": [0.5, 0.1]}})):
        path.write_text(damaged)
        read_calibrations.cache_clear()
        with pytest.raises(
            DataError, match=r"(not a valid calibration|malformed JSON).*write it again with  robustir calibrate build"
        ):
            create("perturbation", spec)


def test_a_language_whose_doses_were_missed_is_refused(tmp_path: Path) -> None:
    entry = json.loads((shipped_folder() / "typos.json").read_text())["typos"]
    path = tmp_path / "typos.json"
    path.write_text(json.dumps({"typos": entry | {"missed": {"en": -0.26, "de": 0.15, "ru": 0.151}}}))
    spec = f"typos(dose='cer:0.02', calibration='{tmp_path}')"
    assert create("perturbation", spec).languages == set(LANGUAGES) - {"en", "ru"}
    queries = QuerySet.from_texts(["where is it"], lang="en")
    wanted = r"missed the requested dose by 26%.*calibrate build \"typos\" --texts en=FILE.*missed, so refused: en \(by 26%\), ru \(by 15%\)"
    with pytest.raises(NotApplicableError, match=wanted):
        perturb(queries, spec, severity=1.0)
    path.write_text(json.dumps({"typos": entry | {"missed": dict.fromkeys(LANGUAGES, 0.2)}}))
    read_calibrations.cache_clear()
    with pytest.raises(NotApplicableError, match=r"no language reaches .*at most: none; missed, so refused: ar"):
        create("perturbation", spec)
    assert Dosed("typos", dose="cer:0.02", calibration=str(tmp_path), checked=False).languages == set(LANGUAGES)


def test_shipped_tables_say_by_how_much_doses_were_missed() -> None:
    for spec in shipped_specs():
        found = find_calibration(None, create("perturbation", spec).name, spec)
        assert found is not None
        assert set(found.missed) == set(found.curves), f"robustir calibrate verify {spec!r} --record"


def test_every_built_in_has_a_table_of_its_version_or_a_reason() -> None:
    names = [name for name, entry in registered("perturbation").items() if entry.package == "robustir"]
    assert set(LEFT_OUT) <= set(names)
    for spec in shipped_specs():
        made = create("perturbation", spec)
        found = find_calibration(None, made.name, spec)
        assert found is not None, f"robustir calibrate build {spec!r} -o perturbations/data/calibration"
        assert found.version == made.version
        assert set(found.curves) == set(LANGUAGES if made.languages is None else made.languages)
        assert all(curve.greatest > 0 for curve in found.curves.values())
    covered = {create("perturbation", spec).name for spec in shipped_specs()}
    assert covered | set(LEFT_OUT) == set(names)


def test_a_plugin_with_a_dose_of_its_own_keeps_it() -> None:
    made = create("perturbation", "tests.perturbations.test_dosed:OwnDose(dose=3)")
    assert not isinstance(made, Dosed)
    assert made.dose == 3


class OwnDose:
    """Not a calibrated perturbation: it has a parameter of that name."""

    nested = True

    def __init__(self, dose: int = 1) -> None:
        self.dose = dose
