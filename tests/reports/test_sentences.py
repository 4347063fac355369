from __future__ import annotations

from dataclasses import replace

from robustir.analysis import Findings
from robustir.reports.sections.run_facts import headline_facts
from robustir.reports.sections.sentences import three_sentences
from robustir.reports.study import Study
from tests.reports.factory import Factory


def sentences(findings: Findings) -> tuple[str, str, str]:
    return three_sentences(Study.read(findings, findings.manifest))


def test_three_sentences_hold_question_change_and_comparison_with_their_uncertainty() -> None:
    asked, changed, compared = sentences(Factory().findings())
    assert asked == (
        "The question was how much the mAP of 4 encoders on mini in 11 languages changes when queries carry typos and "
        "shuffle-words at severities 0.1 to 0.5."
    )
    # bm25 under typos: 57 * 0.80 * (1 - exp(-1.2)) = 31.9 points; half width 0.4 + 0.11 * 31.9 = 3.9.
    assert "worst for bm25 under typos (−31.9 points, interval [−35.8, −28.0])" in changed
    assert "not separated from no change" in changed
    assert changed.endswith("random is near the floor and cannot be judged.")
    assert compared.startswith("Of 36 declared comparisons between encoders, ")
    assert "18 “no claim: near the floor”" in compared  # 3 pairs with random, 2 perturbations, 3 settings
    assert all(text.endswith(".") for text in (asked, changed, compared))


def test_the_suites_own_question_is_quoted() -> None:
    findings = Factory().findings()
    manifest = Factory().manifest()
    suite = manifest.suite.model_copy(update={"question": "Do <b>typos</b> hurt?"})
    asked = three_sentences(Study.read(findings, replace(manifest, suite=suite)))[0]
    assert asked.startswith("“Do <b>typos</b> hurt?” is answered here by how much the mAP of 4 encoders")


def test_without_a_separated_pair_no_encoder_is_called_more_robust() -> None:
    findings = Factory().findings()
    frame = findings.comparisons.assign(favours="", claim="not separated", verdict="not separated")
    compared = sentences(replace(findings, comparisons=frame))[2]
    assert compared.endswith("36 read “not separated”; no encoder was shown to lose less than another.")


def test_the_sentence_prints_the_verdict_of_the_findings_with_all_levels() -> None:
    """Both gain: nothing in the report says that one lost less."""
    findings = Factory().findings()
    frame = findings.comparisons.assign(favours="", claim="not separated", verdict="not separated")
    first = (frame["severity"] == "curve") & (frame["encoder_a"] == "hashing") & (frame["encoder_b"] == "bm25")
    told = {"favours": "bm25", "claim": "gains more", "verdict": "bm25 gains more", "loss_p_adjusted": 0.0031}
    levels = {"clean_a": 0.62, "noisy_a": 0.63, "clean_b": 0.57, "noisy_b": 0.61, "difference_in_differences": -0.03}
    for name, value in {**told, **levels}.items():
        frame.loc[first, name] = value
    compared = sentences(replace(findings, comparisons=frame))[2]
    assert "bm25 gains more under typos in the mono setting over the whole curve" in compared
    assert "(hashing 62.0 → 63.0; bm25 57.0 → 61.0; changes apart by 3.0 points" in compared
    assert "lost less" not in compared
    assert "adjusted p = 0.0031" in compared


def with_attacks(findings: Findings, attacks: set[str]) -> Findings:
    """The findings with some of their perturbations declared as attacks."""
    manifest = Factory().manifest()
    entries = tuple(
        replace(entry, attacked="hashing" if entry.name in attacks else "") for entry in manifest.perturbations
    )
    contrasts = findings.contrasts.assign(control=False)
    return replace(findings, contrasts=contrasts, manifest=replace(manifest, perturbations=entries))


def test_a_run_of_attacks_alone_asks_about_them() -> None:
    names = {entry.name for entry in Factory().manifest().perturbations}
    asked, changed, _ = sentences(with_attacks(Factory().findings(), names))
    assert asked.endswith("changes when queries are attacked by typos and shuffle-words.")
    assert changed == "The section on attacks shows what they changed."
    findings = with_attacks(Factory().findings(), names)
    facts = dict(headline_facts(Study.read(findings, findings.manifest)))
    assert facts["attacks"] == "2"
    assert "perturbations" not in facts
    both = sentences(with_attacks(Factory().findings(), {"shuffle-words"}))[0]
    assert both.endswith("carry typos at severities 0.1 to 0.5, and under attack by shuffle-words.")


def test_noise_that_gave_no_score_is_not_no_noise() -> None:
    findings = Factory().findings()
    empty = {name: getattr(findings, name).iloc[:0] for name in ("contrasts", "curves", "areas", "comparisons")}
    asked = sentences(replace(findings, **empty))[0]
    assert "no query was scored under noise (see “Failed cells” and “What the noise really did”)" in asked
    silent = replace(findings, **empty, validity=findings.validity.iloc[:0])
    asked = sentences(replace(silent, manifest=replace(Factory().manifest(), perturbations=())))[0]
    assert asked.endswith("it has no perturbation, so it says nothing about robustness.")
