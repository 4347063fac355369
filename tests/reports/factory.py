"""A synthetic run as the analysis would describe it: numbers with the shape of a real one, written for the report's tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
ENCODERS = ("hashing", "hashing(analyzer='word')", "bm25", "random")
PERTURBATIONS = ("typos", "shuffle-words")
SEVERITIES = (0.1, 0.2, 0.3, 0.5)
SETTINGS = ("mono", "cross", "multi")

_CLEAN = {"hashing": 0.62, "hashing(analyzer='word')": 0.48, "bm25": 0.57, "random": 0.034}
_LOSS = {"hashing": 0.34, "hashing(analyzer='word')": 0.86, "bm25": 0.80, "random": 0.0}
_SCALE = {"mono": 1.0, "cross": 0.22, "multi": 0.81}
_QUESTIONS = {
    "ar": ("أي نهر يمر عبر مدينة فيينا؟", "أي نهر يمر عرب مدينة فييبا؟"),
    "de": ("Welcher Fluss fließt durch Wien?", "Welcher Flusd fließt dirch Wien?"),
    "el": ("Ποιος ποταμός διασχίζει τη Βιέννη;", "Ποιος ποτμαός διασχίζει τη Βιέννμ;"),
    "en": ("Which river flows through Vienna?", "Which rivwr flows trhough Vienna?"),
    "es": ("¿Qué río atraviesa Viena?", "¿Qué río atravuesa Vienna?"),
    "hi": ("वियना से होकर कौन सी नदी बहती है?", "वियना से होकर कौल सी नदी बती है?"),
    "ru": ("Какая река протекает через Вену?", "Какая рнка протекает чеоез Вену?"),
    "th": ("แม่น้ำสายใดไหลผ่านกรุงเวียนนา", "แม่น้ำสายไดไหลผ่นกรุงเวียนนา"),
    "tr": ("Viyana'dan hangi nehir geçer?", "Viyana'dan hqngi neir geçer?"),
    "vi": ("Con sông nào chảy qua thành phố Viên?", "Con sông nòa chảy qua thàng phố Viên?"),
    "zh": ("哪条河流经维也纳？", "哪条合流经维也那？"),
}


@dataclass(frozen=True)
class FakeFindings:
    """The tables that a report reads."""

    scores: pd.DataFrame
    contrasts: pd.DataFrame
    curves: pd.DataFrame
    areas: pd.DataFrame
    comparisons: pd.DataFrame
    bias: pd.DataFrame
    validity: pd.DataFrame
    examples: pd.DataFrame


def _pairs(setting: str) -> list[tuple[str, str]]:
    if setting == "mono":
        return [("all", "all"), *((lang, lang) for lang in LANGUAGES)]
    if setting == "multi":
        return [("all", "all"), *((lang, "all") for lang in LANGUAGES)]
    return [("all", "all"), *((a, b) for a in LANGUAGES for b in LANGUAGES if a != b)]


class Factory:
    """Makes findings; ``encoders`` and ``perturbations`` may be any names, ``benchmarks`` any number."""

    def __init__(
        self,
        encoders: tuple[str, ...] = ENCODERS,
        perturbations: tuple[str, ...] = PERTURBATIONS,
        benchmarks: tuple[str, ...] = ("mini",),
        exploratory: bool = False,
    ) -> None:
        self.encoders, self.perturbations, self.benchmarks, self.exploratory = encoders, perturbations, benchmarks, exploratory

    def _clean(self, encoder: str, setting: str, lang: str) -> float:
        base = _CLEAN.get(encoder, 0.3 + 0.05 * (self.encoders.index(encoder) % 8))
        shift = 0.0 if lang == "all" or encoder == "random" else 0.11 * np.sin(1.7 * LANGUAGES.index(lang))
        return float((base + shift) * (_SCALE[setting] if encoder != "random" else 1.0))

    def _loss(self, encoder: str, perturbation: str, lang: str) -> float:
        rate = _LOSS.get(encoder, 0.2 + 0.07 * (self.encoders.index(encoder) % 8))
        if perturbation == "shuffle-words":
            rate = 0.08 if encoder == "hashing" else 0.0
        shift = 1.0 if lang == "all" else 1 + 0.35 * np.cos(2.3 * LANGUAGES.index(lang))
        return float(rate * shift)

    @staticmethod
    def _dose(perturbation: str, severity: float) -> float:
        return severity * (0.93 if perturbation == "typos" else 0.88)

    def _noisy(self, encoder: str, perturbation: str, setting: str, lang: str, severity: float) -> float:
        clean = self._clean(encoder, setting, lang)
        return clean * (1 - self._loss(encoder, perturbation, lang) * (1 - np.exp(-2.4 * severity)))

    def scores(self) -> pd.DataFrame:
        rows = []
        for benchmark in self.benchmarks:
            for setting in SETTINGS:
                for query_lang, passage_lang in _pairs(setting):
                    for encoder in self.encoders:
                        clean = self._clean(encoder, setting, query_lang)
                        width = 0.028 if query_lang == "all" else 0.07
                        if encoder == "random":
                            width = 0.006
                        for measure, factor in (("AP", 1.0), ("nDCG@10", 1.08)):
                            c = min(clean * factor, 1.0)
                            rows.append((benchmark, setting, query_lang, passage_lang, encoder, measure, c, c - width, min(1, c + width), 0.032, 96, 24))
        columns = ["benchmark", "setting", "query_lang", "passage_lang", "encoder", "measure", "clean", "ci_low", "ci_high", "floor", "n", "groups"]
        return pd.DataFrame(rows, columns=columns)

    def contrasts(self) -> pd.DataFrame:
        rows = []
        for benchmark in self.benchmarks:
            for encoder in self.encoders:
                for perturbation in self.perturbations:
                    for severity in SEVERITIES:
                        for setting in SETTINGS:
                            for pair in _pairs(setting):
                                rows.append(self._contrast(benchmark, encoder, perturbation, severity, setting, pair))
        return pd.DataFrame(rows)

    def _contrast(self, benchmark: str, encoder: str, perturbation: str, severity: float, setting: str, pair: tuple[str, str]) -> dict[str, Any]:
        clean = self._clean(encoder, setting, pair[0])
        noisy = self._noisy(encoder, perturbation, setting, pair[0], severity)
        delta = noisy - clean
        width = 0.004 + 0.11 * abs(delta) + (0.012 if pair[0] != "all" else 0)
        p = 0.0001 if abs(delta) > 2 * width else float(min(1.0, 0.02 + 0.8 * width / (abs(delta) + width)))
        nothing = perturbation == "shuffle-words" and pair[0] == "zh"
        return {
            "benchmark": benchmark, "encoder": encoder, "perturbation": perturbation, "severity": severity, "setting": setting,
            "query_lang": pair[0], "passage_lang": pair[1], "measure": "AP", "clean": clean, "noisy": noisy, "delta": delta,
            "ci_low": delta - width, "ci_high": delta + width, "p": p, "p_adjusted": min(1.0, 4 * p), "n": 96, "effect_size": delta / 0.25,
            "family": "exploratory", "groups": 24, "retention": noisy / clean, "relative_drop": 1 - noisy / clean,
            "unstable": clean < 0.1, "p_t": p, "probability_of_superiority": 0.5 + delta / 2, "word_edit_rate": self._dose(perturbation, severity),
            "char_error_rate": 0.25 * severity, "unchanged": 1.0 if nothing else (1 - severity) ** 6, "worst_draw": noisy - 0.02 * severity,
        }  # fmt: skip

    def curves(self) -> pd.DataFrame:
        rows = []
        for benchmark in self.benchmarks:
            for encoder in self.encoders:
                for perturbation in self.perturbations:
                    for setting in SETTINGS:
                        for severity in (0.0, *SEVERITIES):
                            mean = self._noisy(encoder, perturbation, setting, "all", severity)
                            width = 0.006 if encoder == "random" else 0.03 * _SCALE[setting]
                            dose = self._dose(perturbation, severity)
                            rows.append((benchmark, encoder, perturbation, setting, "all", "all", "AP", severity, dose, dose / 4, mean, max(0.0, mean - width), mean + width, 1056))
        columns = ["benchmark", "encoder", "perturbation", "setting", "query_lang", "passage_lang", "measure", "severity", "word_edit_rate",
                   "char_error_rate", "mean", "ci_low", "ci_high", "n"]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    def areas(self) -> pd.DataFrame:
        rows = []
        for benchmark in self.benchmarks:
            for encoder in self.encoders:
                for perturbation in self.perturbations:
                    for setting in SETTINGS:
                        loss = self._loss(encoder, perturbation, "all")
                        area = 1 - 0.42 * loss
                        dose = 0.05 / loss if loss > 0.1 else float("nan")
                        rows.append((benchmark, encoder, perturbation, setting, "all", "all", "AP", area, area - 0.02, area + 0.02, dose))
        columns = ["benchmark", "encoder", "perturbation", "setting", "query_lang", "passage_lang", "measure", "auc", "ci_low", "ci_high", "dose_at_10_percent_loss"]
        return pd.DataFrame(rows, columns=columns)

    def comparisons(self) -> pd.DataFrame:
        rows = []
        for benchmark in self.benchmarks:
            for i, a in enumerate(self.encoders):
                for b in self.encoders[i + 1 :]:
                    for perturbation in self.perturbations:
                        for setting in SETTINGS:
                            for severity in ("curve", *SEVERITIES):
                                rows.append(self._comparison(benchmark, a, b, perturbation, setting, severity))
        return pd.DataFrame(rows)

    def _comparison(self, benchmark: str, a: str, b: str, perturbation: str, setting: str, severity: float | str) -> dict[str, Any]:
        s = 0.5 if severity == "curve" else float(severity)
        change = {e: self._noisy(e, perturbation, setting, "all", s) - self._clean(e, setting, "all") for e in (a, b)}
        keep = {e: self._noisy(e, perturbation, setting, "all", s) / self._clean(e, setting, "all") for e in (a, b)}
        did, log = change[a] - change[b], float(np.log(keep[a] / keep[b]))
        clear = abs(did) > 0.024 and abs(log) > 0.05
        verdict = "not separated"
        if "random" in (a, b):
            verdict = "no claim: near the floor"
        elif clear:
            verdict = f"{a if did > 0 else b} more robust" if did * log > 0 else "depends on the scale"
        primary = severity == "curve" and setting == "mono" and not self.exploratory
        return {
            "benchmark": benchmark, "encoder_a": a, "encoder_b": b, "perturbation": perturbation, "severity": severity, "setting": setting,
            "measure": "AP", "difference_in_differences": did, "ci_low": did - 0.022, "ci_high": did + 0.022, "log_retention_ratio": log,
            "log_ratio_low": log - 0.04, "log_ratio_high": log + 0.04, "p": 0.0001 if clear else 0.31, "p_adjusted": 0.0012 if clear else 1.0,
            "n": 1056, "family": "primary" if primary else "exploratory", "verdict": verdict,
        }  # fmt: skip

    def bias(self) -> pd.DataFrame:
        rows = []
        for benchmark in self.benchmarks:
            for measure, scale in (("RankDistance", 1055.0), ("nRankDistance", 1.0)):
                for encoder in self.encoders:
                    base = {"random": 0.86}.get(encoder, 0.55)
                    for lang in ("all", *LANGUAGES):
                        rows.append((benchmark, encoder, "", 0.0, lang, measure, base * scale, 0.0, 0.0, 0.0, 96))
                        for perturbation in self.perturbations:
                            for severity in SEVERITIES:
                                delta = (0.0 if encoder == "random" else 0.1) * severity * scale
                                rows.append((benchmark, encoder, perturbation, severity, lang, measure, base * scale + delta, delta, delta - 0.01 * scale, delta + 0.01 * scale, 96))
        columns = ["benchmark", "encoder", "perturbation", "severity", "query_lang", "measure", "mean", "delta", "ci_low", "ci_high", "n"]
        return pd.DataFrame(rows, columns=columns)

    def validity(self) -> pd.DataFrame:
        rows = []
        for benchmark in self.benchmarks:
            for perturbation in self.perturbations:
                for severity in SEVERITIES:
                    for i, lang in enumerate(LANGUAGES):
                        nothing = perturbation == "shuffle-words" and lang == "zh"
                        unchanged = 1.0 if nothing else (1 - severity) ** (4 + i % 4)
                        dose = 0.0 if nothing else self._dose(perturbation, severity) * (1 + 0.02 * (i % 3))
                        rows.append((benchmark, perturbation, severity, lang, 96, unchanged, dose, dose / 4, 1.0 if perturbation == "shuffle-words" else 1.004, ""))
        columns = ["benchmark", "perturbation", "severity", "query_lang", "n", "unchanged_share", "word_edit_rate", "char_error_rate", "length_ratio", "note"]
        return pd.DataFrame(rows, columns=columns)

    def examples(self) -> pd.DataFrame:
        rows = []
        for benchmark in self.benchmarks:
            for perturbation in self.perturbations:
                for i, (lang, (clean, noisy)) in enumerate(_QUESTIONS.items()):
                    shuffled = " ".join(reversed(clean.split(" "))) if perturbation == "shuffle-words" else noisy
                    passage = "all" if i % 3 == 2 else lang
                    setting = "multi" if i % 3 == 2 else "mono"
                    rows.append((benchmark, self.encoders[i % len(self.encoders)], perturbation, 0.5, i % 3, setting, lang, passage, f"m{i:03d}-{lang}", clean, shuffled, "AP", 1.0 - 0.03 * i, 0.02 + 0.01 * i))
        columns = ["benchmark", "encoder", "perturbation", "severity", "draw", "setting", "query_lang", "passage_lang", "query_id", "clean_text",
                   "noisy_text", "measure", "clean", "noisy"]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    def findings(self) -> FakeFindings:
        return FakeFindings(
            self.scores(), self.contrasts(), self.curves(), self.areas(), self.comparisons(), self.bias(), self.validity(), self.examples()
        )

    def manifest(self) -> dict[str, Any]:
        return {
            "schema": 1, "status": "complete", "created": "2026-11-23T09:30:00+00:00", "name": "quickstart",
            "description": "Typos and word order on the embedded collection, in eleven languages.", "plan": "5f" * 32,
            "suite": {
                "name": "quickstart", "question": "", "seed": 7, "draws": 3, "benchmarks": list(self.benchmarks), "encoders": list(self.encoders),
                "perturbations": [{"spec": name, "severities": None, "draws": None} for name in self.perturbations], "severities": list(SEVERITIES),
                "languages": list(LANGUAGES), "settings": list(SETTINGS), "measures": ["AP", "nDCG@10", "RankDistance", "nRankDistance"],
                "statistics": {"confidence": 0.95, "flips": 10000, "resamples": 2000, "interval": "studentised"}, "exploratory": self.exploratory,
            },
            "benchmarks": [
                {"name": name, "digest": "ab" * 32, "languages": list(LANGUAGES), "queries": 1056, "passages": 1056, "groups": 24,
                 "group_kind": "topic", "licence": "CC0-1.0", "source": "written for this project"} for name in self.benchmarks
            ],
            "encoders": [{"name": name, "revision": f"{i:02d}" + "c0ffee" * 4, "vectors": name != "bm25"} for i, name in enumerate(self.encoders)],
            "not_applicable": [{"benchmark": "mini", "perturbation": "shuffle-words", "language": "ja", "reason": "the perturbation does not know this language"}],
            "cells": [{"benchmark": "mini", "encoder": name, "key": "0" * 64} for name in self.encoders],
            "versions": {"robustir": "0.1.0", "python": "3.11.2", "numpy": "2.4.6", "torch": "2.13.0"},
            "machine": {"system": "Linux", "architecture": "x86_64", "cores": 2, "memory_gib": 15.6},
            "git": {"revision": "3c6ad54b" * 5, "modified": False},
            "counts": {"cells": 100, "cells_done_before": 0, "cells_failed": 1, "texts_encoded": 26412, "texts_reused": 3120},
            "timings": {"perturb": 1.2, "encode": 14.9, "rank": 3.3},
            "failed": [{"benchmark": "mini", "encoder": "random", "condition": "typos at 0.5, draw 2", "cell": "mini / random / typos at 0.5, draw 2",
                        "error": "EncoderError: row 12 of the vectors holds NaN"}],
        }  # fmt: skip
