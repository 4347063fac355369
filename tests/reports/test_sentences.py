from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from robustir.analysis import Findings
from robustir.reports import build
from robustir.reports.blocks import walk_texts
from robustir.reports.sections.run_facts import headline_facts
from robustir.reports.sections.sentences import first_sentences, title
from robustir.reports.study import Study
from tests.reports.factory import Factory


def sentences(findings: Findings) -> tuple[str, ...]:
    return first_sentences(Study.read(findings, findings.manifest))


def unclaimed(findings: Findings) -> pd.DataFrame:
    return findings.comparisons.assign(favours="", claim="not separated", verdict="not separated")


def test_the_findings_say_who_is_best_who_loses_less_where_and_how_far_to_trust_it() -> None:
    best, losses, places, trust = sentences(Factory().findings())
    # hashing loses 62 * 0.34 * (1 - exp(-0.72)) = 10.8 points under typos, 62 * 0.08 * 0.513 = 2.5 under shuffled words.
    assert best == (
        "hashing finds most, with and without noise (mAP, clean → mean of 2 kinds of noise): same language 62.0 → 55.3; "
        "other language 13.6 → 12.2; all languages together 50.2 → 44.8."
    )
    # bm25 loses 57 * 0.80 * (1 - exp(-0.72)) = 23.4 points at the severity that the tables show.
    assert losses == (
        "hashing is more robust than hashing(analyzer='word') and bm25 in 6 comparisons. The largest difference (typos, all "
        "severities, same language): hashing 62.0 → 51.2, bm25 57.0 → 33.6, adjusted p = 0.0012."
    )
    assert places.startswith("Under typos (same language), Turkish loses most on average (−")
    assert places.endswith("; 7\u202f% of the characters changed in both.")
    assert trust == (
        "1\u202f056 queries from 24 topics in 11 languages, 3 draws of noise; tests resample whole topics. 10 of 36 declared "
        "comparisons show one encoder to be more robust, after correction for all of them. 1 cell failed."
    )


def test_no_language_is_ranked_if_the_noise_is_twice_as_heavy_there() -> None:
    findings = Factory().findings()
    doses = findings.validity.copy()
    turkish = doses["query_lang"] == "tr"
    doses.loc[turkish, "char_error_rate"] = 2.5 * doses.loc[turkish, "char_error_rate"]
    places = sentences(replace(findings, validity=doses))[2]
    assert ", 18\u202f% of its characters changed) and " in places
    assert places.endswith("The median language has 7\u202f% changed, so this does not rank the languages.")


def test_a_noise_that_asks_for_a_dose_goes_by_its_name() -> None:
    findings = Factory(perturbations=("typos(dose='cer:0.1')",)).findings()
    document = build(findings, findings.manifest)
    assert document.title == "4 encoders under typos on mini"
    assert not [text for text in (*document.summary, document.description) if "dose" in text]
    table = document.sections[0].blocks[0].tables[0]  # type: ignore[union-attr]
    assert [column.title for column in table.columns] == ["Encoder", "clean", "typos"]
    (run,) = (section for section in document.sections if section.id == "methods")
    assert [text for text in walk_texts(run) if text.endswith("Severity 1 is a character error rate of 0.1.")]


def test_of_many_settings_the_first_are_listed_and_the_others_counted() -> None:
    best = sentences(Factory(benchmarks=("one", "two")).findings())[0]
    assert best.endswith("two, same language 62.0 → 55.3; and 2 more.")
    assert best.count("→") == 1 + 4


def test_encoders_that_cannot_be_told_from_the_best_are_named() -> None:
    findings = Factory().findings()
    groups = [("hashing", "a"), ("hashing(analyzer='word')", "bc"), ("bm25", "ab"), ("random", "d")]
    rows = [
        {
            "benchmark": "mini",
            "setting": setting,
            "perturbation": noise,
            "severity": 0.3,
            "measure": "AP",
            "quantity": "noisy",
        }
        | {"encoder": encoder, "letters": letters}
        for setting in ("mono", "multi")
        for noise in ("typos", "shuffle-words")[: 1 if setting == "multi" else 2]
        for encoder, letters in groups
    ]
    told = replace(findings, rank_groups=pd.DataFrame(rows))
    best = sentences(told)[0]
    assert "same language 62.0 → 55.3, not told from bm25; other language" in best
    assert best.count("not told") == 1  # under one of two kinds of noise it was told
    breaks = {table.id: table.breaks for table in build(told, told.manifest).sections[0].blocks[0].tables}  # type: ignore[union-attr]
    assert breaks == {"scores-mini-mono": (3,), "scores-mini-cross": (), "scores-mini-multi": ()}


def test_noise_that_some_languages_lack_does_not_enter_the_mean() -> None:
    findings = Factory().findings()
    contrasts = findings.contrasts.copy()
    some = (contrasts["perturbation"] == "shuffle-words") & (contrasts["query_lang"] == "all")
    contrasts.loc[some, ["clean", "noisy"]] = 0.9
    contrasts.loc[some, "languages"] -= 1  # without one language, and the others are easy
    best = sentences(replace(findings, contrasts=contrasts))[0]
    assert best.startswith(
        "hashing finds most, with and without noise (mAP, clean → under noise in the same languages): same language 62.0 → 51.2;"
    )


def test_the_clean_score_beside_noise_of_some_languages_is_of_these() -> None:
    findings = Factory(perturbations=("typos",)).findings()
    contrasts = findings.contrasts.copy()
    where = (contrasts["query_lang"] == "all") & (contrasts["setting"] == "mono") & (contrasts["encoder"] == "hashing")
    contrasts.loc[where, ["languages", "clean", "noisy"]] = [2, 0.9, 0.8]
    assert "same language 90.0 → 80.0" in sentences(replace(findings, contrasts=contrasts))[0]


def test_another_encoder_that_is_best_under_noise_is_said() -> None:
    findings = Factory().findings()
    contrasts = findings.contrasts.copy()
    macro = (contrasts["encoder"] == "bm25") & (contrasts["setting"] == "mono") & (contrasts["query_lang"] == "all")
    contrasts.loc[macro, "noisy"] = 0.56
    best = sentences(replace(findings, contrasts=contrasts))[0]
    told = "same language: hashing leads on clean queries (62.0 → 55.3), bm25 under noise (57.0 → 56.0)."
    assert best.startswith(
        "hashing finds most, with and without noise (mAP, clean → mean of 2 kinds of noise): other language"
    )
    assert best.endswith(f"Noise changes who finds most: {told}")


def test_encoders_that_change_places_without_being_told_apart_are_said_to() -> None:
    findings = Factory().findings()
    contrasts = findings.contrasts.copy()
    macro = (contrasts["encoder"] == "bm25") & (contrasts["setting"] == "mono") & (contrasts["query_lang"] == "all")
    contrasts.loc[macro, "noisy"] = 0.56
    where = {"benchmark": "mini", "setting": "mono", "severity": 0.3, "measure": "AP", "quantity": "noisy"}
    shared = [
        {**where, "perturbation": noise, "encoder": encoder, "letters": "a"}
        for noise in ("typos", "shuffle-words")
        for encoder in ("hashing", "bm25")
    ]
    best = sentences(replace(findings, contrasts=contrasts, rank_groups=pd.DataFrame(shared)))[0]
    assert best.endswith("Not told apart: same language hashing 62.0 → 55.3 and bm25 57.0 → 56.0.")
    assert "Noise changes" not in best


def test_without_a_claim_no_encoder_is_called_more_robust() -> None:
    findings = Factory().findings()
    told = sentences(replace(findings, comparisons=unclaimed(findings)))[1]
    assert told.startswith("No encoder was shown to be more robust than another. Changes (same language): 0.0 points")
    assert "not told from no change" in told
    assert told.endswith("to −23.4 points for bm25 under typos (57.0 → 33.6).")


def test_the_sentence_prints_the_verdict_of_the_findings_with_levels() -> None:
    """Both gain, or the other stays ahead: nothing in the report says more than the verdict."""
    findings = Factory().findings()
    frame = unclaimed(findings)
    first = (frame["severity"] == "curve") & (frame["encoder_a"] == "hashing") & (frame["encoder_b"] == "bm25")
    told = {"favours": "bm25", "claim": "loses less", "verdict": "bm25 loses less; hashing stays ahead"}
    for name, value in told.items():
        frame.loc[first & (frame["perturbation"] == "typos") & (frame["setting"] == "mono"), name] = value
    losses = sentences(replace(findings, comparisons=frame))[1]
    assert losses == (
        "No encoder was shown to be more robust than another. The largest difference: bm25 loses less; hashing stays ahead "
        "(typos, all severities, same language: bm25 57.0 → 33.6, hashing 62.0 → 51.2)."
    )


def with_attacks(findings: Findings, attacks: set[str]) -> Findings:
    """The findings with some of their perturbations declared as attacks."""
    manifest = Factory().manifest()
    entries = tuple(
        replace(entry, attacked="hashing" if entry.name in attacks else "") for entry in manifest.perturbations
    )
    contrasts = findings.contrasts.assign(control=False, attacked="hashing")
    return replace(findings, contrasts=contrasts, manifest=replace(manifest, perturbations=entries))


def test_the_title_says_what_was_scored_under_what_and_on_what() -> None:
    def titled(findings: Findings) -> str:
        return title(Study.read(findings, findings.manifest))

    many = Factory(perturbations=("typos", "ocr", "asr")).findings()
    assert titled(many) == "4 encoders under 3 kinds of noise on mini"
    assert titled(Factory(encoders=("bm25",), perturbations=("typos",)).findings()) == "bm25 under typos on mini"
    assert (
        titled(with_attacks(Factory().findings(), {"typos", "shuffle-words"}))
        == "4 encoders under typos and shuffle-words on mini"
    )
    findings = with_attacks(Factory().findings(), {"shuffle-words"})
    assert titled(findings) == "4 encoders under typos and attacks on mini"
    facts = dict(headline_facts(Study.read(findings, findings.manifest)))
    assert facts["attacks"] == "1"
    empty = {name: getattr(findings, name).iloc[:0] for name in ("contrasts", "curves", "areas", "comparisons")}
    assert titled(replace(findings, **empty)) == "4 encoders on mini"


def test_a_suites_prose_is_no_title_of_another_runs_lists() -> None:
    findings = Factory().findings()
    manifest = replace(Factory().manifest(), description="Prose of a suite with other encoders.")
    document = build(findings, manifest)
    first = (document.title, document.description, *document.summary, *document.notices)
    assert not [text for text in first if "Prose" in text]


def test_noise_that_gave_no_score_is_not_no_noise() -> None:
    findings = Factory().findings()
    empty = {name: getattr(findings, name).iloc[:0] for name in ("contrasts", "curves", "areas", "comparisons")}
    assert "No query was scored under noise" in sentences(replace(findings, **empty))[-1]
    silent = replace(findings, **empty, validity=findings.validity.iloc[:0])
    told = sentences(replace(silent, manifest=replace(Factory().manifest(), perturbations=())))[-1]
    assert told.endswith("The run has no noise, so nothing is said about robustness. 1 cell failed.")


@pytest.mark.parametrize("encoders", [("bm25",), ("random",)])
def test_a_single_encoder_is_described_without_a_rank(encoders: tuple[str, ...]) -> None:
    best, *rest = sentences(Factory(encoders=encoders, perturbations=("typos",)).findings())
    assert best.startswith(f"{encoders[0]} scores (mAP, clean → under noise): same language ")
    assert not [text for text in (best, *rest) if "finds most" in text or "more robust" in text]


def test_a_described_kind_of_group_is_not_given_a_plural() -> None:
    findings = Factory().findings()
    assert findings.manifest is not None
    (entry,) = findings.manifest.benchmarks
    for kind, units in (("article", "articles"), ("bucket of sentences (no documents)", "groups"), ("query", "groups")):
        manifest = replace(findings.manifest, benchmarks=(replace(entry, group_kind=kind),))
        told = " ".join(build(findings, manifest).summary)
        assert f"{entry.groups} {units} in" in told
