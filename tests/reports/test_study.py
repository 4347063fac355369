from __future__ import annotations

import json

import pytest

from robustir.reports import build
from robustir.reports.blocks import walk_texts
from robustir.reports.study import Study, short_names, value
from tests.reports.factory import Factory


def test_files_are_called_by_their_names_and_hub_ids_by_all_of_theirs() -> None:
    specs = [
        "typos",
        "recorded(file='noise/natural/asr.jsonl')",
        "recorded(file='/data/mt.out.jsonl')",
        "adversarial(against='transformer(\\'org/model-v1\\')')",
        "opus-mt(model='Helsinki-NLP/opus-mt-en-de')",
    ]
    assert list(short_names(specs).values()) == [
        "typos",
        "recorded(file='asr')",
        "recorded(file='mt.out')",
        *specs[3:],
    ]


def test_attacks_on_folders_and_their_controls_are_called_by_the_last_name() -> None:
    attack = """adversarial(against="static('surrogates/x-y-12')", passages='en')"""
    specs = [attack, f"random-control({attack})", "adversarial(against='hashing')", "random-control(shuffle-words)"]
    assert list(short_names(specs).values()) == [
        "adversarial(against='x-y-12', passages='en')",
        "random control of adversarial(against='x-y-12', passages='en')",
        "adversarial(against='hashing')",
        "random control of shuffle-words",
    ]
    same = [attack, attack.replace("surrogates", "others")]
    assert list(short_names(same).values()) == same
    controls = [f"random-control({spec})" for spec in same]
    assert list(short_names(controls).values()) == [f"random control of {spec}" for spec in same]


def test_a_noise_goes_without_the_scale_of_its_doses_unless_several_differ_in_it() -> None:
    specs = ["typos(dose='cer:0.1')", "code-switch(dose='cer:0.05', into='de')", "ocr"]
    assert list(short_names(specs).values()) == ["typos", "code-switch(into='de')", "ocr"]
    assert list(short_names(("typos", "typos(dose='cer:0.1')")).values()) == ["typos", "typos(dose='cer:0.1')"]
    twice = ["typos(dose='cer:0.1')", "typos(dose='cer:0.05')"]
    assert list(short_names(twice).values()) == twice


def test_files_of_one_name_keep_their_folders() -> None:
    specs = ["recorded(file='a/asr.jsonl')", "recorded(file='b/asr.jsonl')"]
    assert list(short_names(specs).values()) == specs


def test_a_report_calls_a_file_by_its_name_and_says_once_where_it_lies() -> None:
    spec = "recorded(file='noiseqa/natural/xquad-asr-natural.jsonl')"
    factory = Factory(perturbations=("typos", spec))
    findings, manifest = factory.findings(), factory.manifest()
    document = build(findings, manifest)
    *sections, last = document.sections
    assert last.id == "manifest"
    whole = json.dumps(spec)[1:-1]
    assert not [text for section in sections for text in walk_texts(section) if spec in text or whole in text]
    facts = [text for text in walk_texts(last) if "entries, in manifest.json" not in text]
    assert "Perturbation recorded(file='xquad-asr-natural')" in facts
    assert spec in facts


def test_a_column_that_does_not_exist_is_refused() -> None:
    findings = Factory().findings()
    study = Study.read(findings, findings.manifest)
    row = study.rows("contrasts", encoder="hashing")[0]
    assert value(row, "p_adjusted") >= 0
    with pytest.raises(KeyError, match="p_adjustd"):
        value(row, "p_adjustd")
    with pytest.raises(KeyError, match="no column 'encodr'"):
        study.rows("contrasts", encodr="hashing")


@pytest.mark.parametrize("near", [True, False])
def test_near_the_floor_is_what_the_findings_say(near: bool) -> None:
    findings = Factory(encoders=("hashing", "random")).findings()
    mine = (findings.scores["encoder"] == "hashing") & (findings.scores["query_lang"] == "all")
    mine &= (findings.scores["setting"] == "mono") & (findings.scores["measure"] == "AP")
    findings.scores.loc[mine, "near_floor"] = near
    study = Study.read(findings, findings.manifest)
    assert study.near_floor("mini", "mono", "hashing") is near
    assert study.near_floor("mini", "cross", "hashing") is False
    assert study.near_floor("mini", "mono", "no such encoder") is False
