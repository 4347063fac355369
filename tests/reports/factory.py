"""A synthetic run as the analysis describes one: numbers with the shape of a real run, made for the report's tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from robustir.analysis import TABLES, Findings, empty_table
from robustir.rundir.manifest import Manifest
from tests.reports.sample_manifest import sample_manifest

Record = dict[str, Any]

LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh")
ENCODERS = ("hashing", "hashing(analyzer='word')", "bm25", "random")
PERTURBATIONS = ("typos", "shuffle-words")
SEVERITIES = (0.1, 0.2, 0.3, 0.5)
SETTINGS = ("mono", "cross", "multi")

_CLEAN = {"hashing": 0.62, "hashing(analyzer='word')": 0.48, "bm25": 0.57, "random": 0.034}
_LOSS = {"hashing": 0.34, "hashing(analyzer='word')": 0.86, "bm25": 0.80, "random": 0.0}
_SCALE = {"mono": 1.0, "cross": 0.22, "multi": 0.81}
QUESTIONS = {
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


def views(setting: str) -> list[tuple[str, str]]:
    """The macro-average, then every language (pair) of a setting."""
    if setting == "mono":
        return [("all", "all"), *((lang, lang) for lang in LANGUAGES)]
    if setting == "multi":
        return [("all", "all"), *((lang, "all") for lang in LANGUAGES)]
    return [("all", "all"), *((a, b) for a, b in product(LANGUAGES, LANGUAGES) if a != b)]


def table(name: str, rows: list[Record]) -> pd.DataFrame:
    empty = empty_table(name)
    absent = {"object": "", "bool": False, "int64": 0}
    blank = {column: absent[str(kind)] for column, kind in empty.dtypes.items() if str(kind) in absent}
    frame = pd.DataFrame([blank | row for row in rows], columns=list(TABLES[name]), dtype=object)
    return frame.astype(empty.dtypes.to_dict()) if rows else empty


@dataclass(frozen=True)
class Factory:
    """Makes findings for any names of encoders and perturbations, on any number of benchmarks."""

    encoders: tuple[str, ...] = ENCODERS
    perturbations: tuple[str, ...] = PERTURBATIONS
    benchmarks: tuple[str, ...] = ("mini",)
    exploratory: bool = False
    in_domain: frozenset[tuple[str, str]] = frozenset()  # (benchmark, encoder)

    def findings(self) -> Findings:
        parts: dict[str, Iterator[Record]] = {
            "scores": self._scores(),
            "contrasts": self._contrasts(),
            "curves": self._curves(),
            "areas": self._areas(),
            "comparisons": self._comparisons(),
            "bias": self._bias(),
            "validity": self._validity(),
            "examples": self._examples(),
        }
        tables: dict[str, Any] = {name: table(name, [self._told(row) for row in rows]) for name, rows in parts.items()}
        return Findings(**tables, manifest=self.manifest())

    def _told(self, row: Record) -> Record:
        named = (row.get(column) for column in ("encoder", "encoder_a", "encoder_b"))
        return row | {"in_domain": any((row["benchmark"], encoder) in self.in_domain for encoder in named)}

    def manifest(self) -> Manifest:
        return sample_manifest(
            self.encoders, self.perturbations, self.benchmarks, SEVERITIES, LANGUAGES, exploratory=self.exploratory
        )

    def clean(self, encoder: str, setting: str, lang: str = "all") -> float:
        base = _CLEAN.get(encoder, 0.3 + 0.05 * (self.encoders.index(encoder) % 8))
        if encoder == "random":
            return base
        shift = 0.0 if lang == "all" else 0.11 * np.sin(1.7 * LANGUAGES.index(lang))
        return float((base + shift) * _SCALE[setting])

    def loss(self, encoder: str, perturbation: str, lang: str = "all") -> float:
        rate = _LOSS.get(encoder, 0.2 + 0.07 * (self.encoders.index(encoder) % 8))
        if perturbation == "shuffle-words":
            rate = 0.08 if encoder == "hashing" else 0.0
        return float(rate * (1.0 if lang == "all" else 1 + 0.35 * np.cos(2.3 * LANGUAGES.index(lang))))

    def noisy(self, encoder: str, perturbation: str, setting: str, severity: float, lang: str = "all") -> float:
        lost = self.loss(encoder, perturbation, lang) * (1 - np.exp(-2.4 * severity))
        return float(self.clean(encoder, setting, lang) * (1 - lost))

    @staticmethod
    def dose(perturbation: str, severity: float) -> float:
        return severity * (0.93 if perturbation == "typos" else 0.88)

    def _scores(self) -> Iterator[Record]:
        for benchmark, setting in product(self.benchmarks, SETTINGS):
            for (query_lang, passage_lang), encoder in product(views(setting), self.encoders):
                width = 0.006 if encoder == "random" else 0.028 if query_lang == "all" else 0.07
                for measure, factor in (("AP", 1.0), ("nDCG@10", 1.08)):
                    mean = min(1.0, factor * self.clean(encoder, setting, query_lang))
                    yield {
                        "benchmark": benchmark, "setting": setting, "query_lang": query_lang, "encoder": encoder,
                        "passage_lang": passage_lang, "measure": measure, "clean": mean, "ci_low": mean - width,
                        "ci_high": min(1.0, mean + width), "floor": 0.032, "floor_low": 0.03, "floor_high": 0.034,
                        "n": 96, "groups": 24, "near_floor": encoder == "random", "effective_groups": 21.5,
                    }  # fmt: skip

    def _contrasts(self) -> Iterator[Record]:
        keys = product(self.benchmarks, self.encoders, self.perturbations, SEVERITIES, SETTINGS)
        for benchmark, encoder, perturbation, severity, setting in keys:
            for query_lang, passage_lang in views(setting):
                clean = self.clean(encoder, setting, query_lang)
                noisy = self.noisy(encoder, perturbation, setting, severity, query_lang)
                delta = noisy - clean
                width = 0.004 + 0.11 * abs(delta) + (0.012 if query_lang != "all" else 0.0)
                p = 0.0001 if abs(delta) > 2 * width else float(min(1.0, 0.02 + 0.8 * width / (abs(delta) + width)))
                idle = perturbation == "shuffle-words" and query_lang == "zh"
                yield {
                    "benchmark": benchmark, "encoder": encoder, "perturbation": perturbation, "severity": severity,
                    "setting": setting, "query_lang": query_lang, "passage_lang": passage_lang, "measure": "AP",
                    "clean": clean, "noisy": noisy, "delta": delta, "ci_low": delta - width, "ci_high": delta + width,
                    "p": p, "p_adjusted": min(1.0, 4 * p), "n": 96, "effect_size": delta / 0.25, "groups": 24,
                    "family": "contrasts" if query_lang == "all" else "exploratory", "retention": noisy / clean,
                    "relative_drop": 1 - noisy / clean, "unstable": clean < 0.1, "p_t": p,
                    "probability_of_superiority": 0.5 + delta / 2, "char_error_rate": 0.25 * severity,
                    "word_edit_rate": self.dose(perturbation, severity), "worst_draw": noisy - 0.02 * severity,
                    "unchanged": 1.0 if idle else (1 - severity) ** 6,
                    "separated": 4 * p < 0.05 and abs(delta) > width, "near_floor": encoder == "random",
                }  # fmt: skip

    def _curves(self) -> Iterator[Record]:
        keys = product(self.benchmarks, self.encoders, self.perturbations, SETTINGS, (0.0, *SEVERITIES))
        for benchmark, encoder, perturbation, setting, severity in keys:
            mean = self.noisy(encoder, perturbation, setting, severity)
            width = 0.006 if encoder == "random" else 0.03 * _SCALE[setting]
            dose = self.dose(perturbation, severity)
            yield {
                "benchmark": benchmark, "encoder": encoder, "perturbation": perturbation, "setting": setting,
                "query_lang": "all", "passage_lang": "all", "measure": "AP", "severity": severity,
                "word_edit_rate": dose, "char_error_rate": dose / 4, "mean": mean, "ci_low": max(0.0, mean - width),
                "ci_high": mean + width, "n": 1056,
            }  # fmt: skip

    def _areas(self) -> Iterator[Record]:
        for benchmark, encoder, perturbation, setting in product(
            self.benchmarks, self.encoders, self.perturbations, SETTINGS
        ):
            loss = self.loss(encoder, perturbation)
            area, dose = 1 - 0.42 * loss, 0.05 / loss if loss > 0.1 else float("nan")
            yield {
                "benchmark": benchmark, "encoder": encoder, "perturbation": perturbation, "setting": setting,
                "query_lang": "all", "passage_lang": "all", "measure": "AP", "auc": area, "ci_low": area - 0.02,
                "ci_high": area + 0.02, "dose_at_10_percent_loss": dose, "dose_low": dose, "dose_high": dose, "n": 1056,
                "near_floor": encoder == "random",
            }  # fmt: skip

    def _comparisons(self) -> Iterator[Record]:
        pairs = [(a, b) for i, a in enumerate(self.encoders) for b in self.encoders[i + 1 :]]
        severities: tuple[str, ...] = ("curve", *(str(severity) for severity in SEVERITIES))
        keys = product(self.benchmarks, pairs, self.perturbations, SETTINGS, severities)
        for benchmark, (a, b), perturbation, setting, severity in keys:
            at = 0.5 if severity == "curve" else float(severity)
            clean = [self.clean(encoder, setting) for encoder in (a, b)]
            noisy = [self.noisy(encoder, perturbation, setting, at) for encoder in (a, b)]
            difference = (noisy[0] - clean[0]) - (noisy[1] - clean[1])
            ratio = float(np.log(noisy[0] / clean[0]) - np.log(noisy[1] / clean[1]))
            clear = abs(difference) > 0.024 and abs(ratio) > 0.05
            claim = verdict = "not separated"
            favours = ""
            if "random" in (a, b):
                claim = verdict = "no claim: near the floor"
            elif clear and difference * ratio > 0:
                favours, claim = a if difference > 0 else b, "more robust"
                verdict = f"{favours} more robust"
            elif clear:
                claim = verdict = "the scales disagree"
            primary = severity == "curve" and not self.exploratory
            yield {
                "benchmark": benchmark, "encoder_a": a, "encoder_b": b, "perturbation": perturbation,
                "severity": severity, "setting": setting, "measure": "AP", "difference_in_differences": difference,
                "ci_low": difference - 0.022, "ci_high": difference + 0.022, "log_retention_ratio": ratio,
                "log_ratio_low": ratio - 0.04, "log_ratio_high": ratio + 0.04, "p": 0.0001 if clear else 0.31,
                "p_adjusted": 0.0012 if clear else 1.0, "n": 1056, "family": "primary" if primary else "exploratory",
                "verdict": verdict, "groups": 24, "p_t": 0.31, "attacked": "", "embedded_lang": "", "claim": claim,
                "favours": favours, "clean_a": clean[0], "clean_b": clean[1], "noisy_a": noisy[0], "noisy_b": noisy[1],
                "noisy_difference": noisy[0] - noisy[1], "noisy_low": noisy[0] - noisy[1] - 0.02,
                "noisy_high": noisy[0] - noisy[1] + 0.02, "loss_p_adjusted": 0.0012 if clear else 1.0,
            }  # fmt: skip

    def _bias(self) -> Iterator[Record]:
        conditions = [("", 0.0), *product(self.perturbations, SEVERITIES)]
        for benchmark, encoder, measure in product(self.benchmarks, self.encoders, ("RankDistance", "nRankDistance")):
            scale = 1055.0 if measure == "RankDistance" else 1.0
            base = 0.86 if encoder == "random" else 0.55
            for (perturbation, severity), lang in product(conditions, ("all", *LANGUAGES)):
                delta = 0.0 if encoder == "random" else 0.1 * severity
                yield {
                    "benchmark": benchmark, "encoder": encoder, "perturbation": perturbation, "severity": severity,
                    "query_lang": lang, "measure": measure, "mean": scale * (base + delta), "delta": scale * delta,
                    "ci_low": scale * (base + delta - 0.02), "ci_high": scale * (base + delta + 0.02), "n": 96,
                    "delta_low": scale * (delta - 0.01), "delta_high": scale * (delta + 0.01),
                }  # fmt: skip

    def _validity(self) -> Iterator[Record]:
        keys = product(self.benchmarks, self.perturbations, SEVERITIES, enumerate(LANGUAGES))
        for benchmark, perturbation, severity, (i, lang) in keys:
            idle = perturbation == "shuffle-words" and lang == "zh"
            dose = 0.0 if idle else self.dose(perturbation, severity) * (1 + 0.02 * (i % 3))
            yield {
                "benchmark": benchmark, "perturbation": perturbation, "severity": severity, "query_lang": lang, "n": 96,
                "unchanged_share": 1.0 if idle else (1 - severity) ** (4 + i % 4), "word_edit_rate": dose,
                "char_error_rate": dose / 4, "length_ratio": 1.0 if perturbation == "shuffle-words" else 1.004,
                "note": "changed nothing" if idle else "",
            }  # fmt: skip

    def _examples(self) -> Iterator[Record]:
        keys = product(self.benchmarks, self.perturbations, enumerate(QUESTIONS.items()))
        for benchmark, perturbation, (i, (lang, (clean, noisy))) in keys:
            shuffled = " ".join(reversed(clean.split(" ")))
            yield {
                "benchmark": benchmark, "encoder": self.encoders[i % len(self.encoders)], "perturbation": perturbation,
                "severity": 0.5, "draw": i % 3, "setting": "multi" if i % 3 == 2 else "mono", "query_lang": lang,
                "passage_lang": "all" if i % 3 == 2 else lang, "query_id": f"m{i:03d}-{lang}", "clean_text": clean,
                "noisy_text": shuffled if perturbation == "shuffle-words" else noisy, "measure": "AP",
                "clean": 1.0 - 0.03 * i, "noisy": 0.02 + 0.01 * i, "kind": "median" if lang == "zh" else "worst",
                "clean_rank": 1.0, "noisy_rank": 750.0 + i if i else float("nan"),
                "english_text": "" if lang == "en" else QUESTIONS["en"][0], "right_id": f"p{i}", "right_lang": lang,
                "right_text": clean, "ahead_id": f"o{i}", "ahead_lang": lang, "ahead_text": shuffled,
            }  # fmt: skip
