"""The findings of a run: tidy tables in memory, and the same tables as CSV files with the same bytes every time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustir.disk.atomic import write_atomically
from robustir.errors import RunError

if TYPE_CHECKING:
    import pandas as pd

    from robustir.analysis.options import AnalysisOptions
    from robustir.rundir.manifest import Manifest

__all__ = ["TABLES", "Findings", "empty_table", "read_findings", "write_findings"]

_TEXT = frozenset(
    {"benchmark", "setting", "query_lang", "passage_lang", "query_id", "encoder", "encoder_a", "encoder_b"}
    | {"perturbation", "measure", "family", "verdict", "note", "clean_text", "noisy_text", "attacked", "embedded_lang"}
    | {"strategy", "strategy_a", "strategy_b", "quantity", "claim", "favours", "ahead", "letters", "reference"}
    | {"test", "correction", "interval", "hangs_on", "equal_verdict", "equal_favours", "clean_order", "noisy_order"}
    | {"natural", "synthetic", "dose_kind", "index"}
    | {"kind", "english_text", "right_id", "right_lang", "right_text", "ahead_id", "ahead_lang", "ahead_text"}
)
_WHOLE = frozenset(
    {
        "n",
        "groups",
        "draw",
        "seeds",
        "moved",
        "moved_groups",
        "languages",
        "rank_best",
        "rank_worst",
        "encoders",
        "draws",
        "kinds",
        "severities",
        "depth",
        "queries",
    }
)
_TRUTH = frozenset(
    {"unstable", "control", "seen", "seen_a", "seen_b", "in_domain", "robust_training"} | {"near_floor", "separated"}
)

_CURVES = frozenset({"comparisons", "language_comparisons", "equivalence", "strategies", "strategy_scores"})
_VIEW = "setting query_lang passage_lang measure"
_PAIR = (
    "claim favours ahead note near_floor clean_a clean_b noisy_a noisy_b clean_difference clean_low clean_high clean_p "
    "clean_p_adjusted noisy_difference noisy_low noisy_high noisy_p noisy_p_adjusted ratio_p ratio_p_adjusted loss_p "
    "loss_p_adjusted smallest_p moved_groups effective_groups"
)
_PROTOCOL = "test correction interval"  # that p, the adjusted p and the limits come from
_EQUAL = "equal_difference equal_low equal_high equal_p_adjusted equal_verdict equal_favours"
_LANGUAGES = "without_low without_high hangs_on dose_ratio equal_dose"
_GATED = "gated_share gated_delta gated_low gated_high gated_retention"
_GATED_GAP = "gated_share gated_difference gated_low gated_high"
_MATCHED = (
    "matched_share matched_retention_a matched_retention_b matched_difference matched_low matched_high first_share "
    "first_difference first_low first_high"
)
_COLUMNS: Mapping[str, str] = {
    "scores": "benchmark setting query_lang passage_lang encoder measure clean ci_low ci_high floor n groups "
    "floor_low floor_high in_domain tied_share missed_share near_floor effective_groups languages",
    "contrasts": f"benchmark encoder perturbation severity {_VIEW} clean noisy delta ci_low ci_high p p_adjusted n "
    "effect_size family groups retention relative_drop unstable p_t probability_of_superiority word_edit_rate "
    "char_error_rate unchanged worst_draw attacked control embedded_lang in_domain edited_share edited_delta edited_low "
    f"edited_high beyond_delta beyond_low beyond_high "
    f"separated moved moved_groups smallest_p near_floor note languages {_LANGUAGES} equal_delta equal_low equal_high "
    f"{_PROTOCOL} overlap overlap_low overlap_high harmed_share same_share helped_share worst_low worst_high "
    f"draws retention_low retention_high {_GATED}",
    "curves": f"benchmark encoder perturbation {_VIEW} severity word_edit_rate char_error_rate mean ci_low ci_high n "
    "in_domain",
    "areas": f"benchmark encoder perturbation {_VIEW} auc ci_low ci_high dose_at_10_percent_loss dose_low dose_high n "
    "in_domain near_floor note",
    "comparisons": "benchmark encoder_a encoder_b perturbation severity setting measure difference_in_differences "
    "ci_low ci_high log_retention_ratio log_ratio_low log_ratio_high p p_adjusted n family verdict groups p_t attacked "
    f"embedded_lang in_domain {_PAIR} {_MATCHED} {_LANGUAGES} {_EQUAL} {_PROTOCOL} "
    f"effect_size probability_of_superiority {_GATED_GAP}",
    "language_comparisons": "benchmark encoder_a encoder_b perturbation severity setting query_lang passage_lang measure "
    "difference_in_differences ci_low ci_high log_retention_ratio log_ratio_low log_ratio_high p p_adjusted n family "
    f"verdict groups p_t attacked embedded_lang in_domain {_PAIR} {_PROTOCOL}",
    "rank_groups": "benchmark setting perturbation severity measure quantity encoder level letters rank_best rank_worst "
    "encoders n groups smallest_p note attacked embedded_lang in_domain",
    "rank_pairs": "benchmark setting perturbation severity measure quantity encoder_a encoder_b difference p_adjusted "
    "tukey_p separated attacked embedded_lang in_domain",
    "equivalence": "benchmark setting perturbation severity measure quantity encoder_a encoder_b difference low high ratio "
    "ratio_low ratio_high margin ratio_margin p p_adjusted different_p different_p_adjusted verdict note harmed_share "
    "same_share helped_share family correction confidence n groups moved_groups near_floor attacked embedded_lang in_domain",
    "corruption": "benchmark setting encoder reference measure perturbation ce ce_low ce_high relative_ce relative_low "
    "relative_high severities kinds n groups near_floor note in_domain",
    "variance": "benchmark setting encoder perturbation severity measure sd group_share question_share language_share "
    "interaction_share draw_share seed_share n groups languages draws seeds note in_domain",
    "trend": "benchmark setting perturbation severity measure encoder clean noisy expected effective ci_low ci_high slope "
    "intercept kinds note in_domain",
    "orders": "benchmark setting perturbation severity measure tau tau_low tau_high clean_order noisy_order kinds note "
    "in_domain",
    "agreement": "benchmark setting natural synthetic severity measure encoder dose_kind natural_dose synthetic_dose "
    "natural_delta natural_low natural_high synthetic_delta synthetic_low synthetic_high ratio ratio_low ratio_high "
    "difference difference_low difference_high tau tau_low tau_high encoders n groups near_floor note in_domain",
    "strategies": "benchmark setting measure perturbation severity quantity strategy_a strategy_b a b difference ci_low "
    "ci_high log_retention_ratio log_ratio_low log_ratio_high p p_adjusted family verdict seeds seed_sd groups n p_flips seen_a "
    "seen_b robust_training attacked embedded_lang in_domain claim favours separated note near_floor ratio_p ratio_p_adjusted loss_p "
    f"loss_p_adjusted {_PROTOCOL} {_LANGUAGES} {_EQUAL} {_GATED_GAP}",
    "strategy_scores": "benchmark setting measure perturbation severity strategy mean ci_low ci_high delta delta_low "
    "delta_high retention seeds seed_sd seed_low seed_high groups n seen attacked embedded_lang in_domain retention_low "
    "retention_high",
    "bias": "benchmark encoder perturbation severity query_lang measure mean delta ci_low ci_high n delta_low "
    "delta_high in_domain note",
    "validity": "benchmark perturbation severity query_lang n unchanged_share word_edit_rate char_error_rate "
    "length_ratio note code_mixing_index asked_char_error_rate edited_word_edit_rate dose_ratio rejected_share "
    "same_input_share",
    "inputs": "benchmark encoder perturbation severity query_lang n same_input_share",
    "indexes": "benchmark encoder perturbation severity index depth queries recall_at_10 recall_at_100 recall_at_depth",
    "examples": "benchmark encoder perturbation severity draw setting query_lang passage_lang query_id clean_text "
    "noisy_text measure clean noisy kind clean_rank noisy_rank english_text right_id right_lang right_text ahead_id "
    "ahead_lang ahead_text",
}
TABLES: Mapping[str, tuple[str, ...]] = {name: tuple(columns.split()) for name, columns in _COLUMNS.items()}


def _kind(table: str, column: str) -> str:
    """The dtype of a column; a comparison's severity is text, because it may be "curve"."""
    if column in _TEXT or (table in _CURVES and column == "severity"):
        return "object"
    if column in _WHOLE:
        return "int64"
    return "bool" if column in _TRUTH else "float64"


def empty_table(name: str) -> pd.DataFrame:
    """Return a table of the findings without rows, with its columns."""
    import pandas as pd

    return pd.DataFrame({column: pd.Series([], dtype=_kind(name, column)) for column in TABLES[name]})


@dataclass(frozen=True, eq=False, repr=False)
class Findings:
    """One pandas table per question; columns are listed in ``TABLES``, scores are shares of 1, doses shares of units.

    scores: clean means; contrasts: noisy against clean; curves and areas: against the realised dose; comparisons:
    encoder against encoder, language_comparisons in every query language; rank_groups: letters shared by encoders that
    can't be told apart, rank_pairs: the tests of all pairs behind them; equivalence: changes and losses within margins
    that the suite set, the only road to "robust"; corruption: errors relative to a reference encoder; variance: what a
    change varies with; trend and orders: many encoders against their trend, and whether noise changes their order;
    agreement: natural noise against the synthetic noise that imitates it, at one dose; strategies and strategy_scores: training
    strategies over seeds; bias: rank distances; validity: what the noise did; inputs: the share of the changed queries that
    an encoder reads as it reads the clean ones (in validity the largest over the encoders); indexes: the recall of an
    approximate index against exact search, on a sample of ``queries``; examples: the worst queries and a
    median one, with the rank of the right passage and the first passage that is not relevant (``ahead``).
    In scores, ``tied_share`` is the share of the relevant passages with the same score as another candidate, and
    ``missed_share`` the share not retrieved, such as passages without a word of the query under bm25.
    Rows with ``query_lang == "all"`` are macro-averages over languages or language pairs. ``in_domain``: the encoder or
    strategy (of a comparison, one of the two) was trained on sentences of the benchmark's own collection. In contrasts of
    attacks and their controls, ``edited_share`` is the share of the rows that some draw edited, ``edited_delta`` with its
    interval the change over these rows alone, in the draws that edited them (a gate or a constraint leaves the other rows
    unchanged, with a change of 0), ``beyond_delta`` the change of an attack beyond that of its control;
    NaN for other noise. ``languages`` is the number of query languages in a mean, which
    under noise may be fewer than in the clean score. ``overlap`` is the rank-biased overlap of noisy and clean rankings.
    The tables have the claims: ``claim``, ``favours`` and ``verdict`` of
    a comparison (``ahead``: the encoder ahead under noise, if separated), ``separated`` of a contrast, ``near_floor`` and
    ``note`` for missing claims (:mod:`robustir.analysis.claims`). Macro-averages of contrasts, and comparisons, have the
    range without each language in turn (``without_low``, ``without_high``; ``hangs_on``: languages without which the sign
    or the claim changes), ``dose_ratio``, the largest language's character error rate over the median language's, and the
    same at ``equal_dose``, the largest character error rate that all languages reach (``equal_delta``, or
    ``equal_difference`` and ``equal_verdict`` in the primary measure); ``dose_ratio`` in validity is that of one language.
    ``gated_share`` is the share of the rows with a noisy query that may mean something else, by the suite's rules of validity,
    and ``gated_delta``, ``gated_retention`` and ``gated_difference`` are made without these rows (over a curve, without rows
    rejected at any severity); ``gated_low`` and ``gated_high`` are their limits, of a comparison only where it is declared: over
    the curve, or at the severities if there is no curve. ``rejected_share`` is the share of rejected texts of all draws.
    ``options`` are those of the analysis (None: read from files, whose rows name test, correction and interval);
    ``changed``: what of them the run did not declare.
    """

    scores: pd.DataFrame = field(default_factory=partial(empty_table, "scores"))
    contrasts: pd.DataFrame = field(default_factory=partial(empty_table, "contrasts"))
    curves: pd.DataFrame = field(default_factory=partial(empty_table, "curves"))
    areas: pd.DataFrame = field(default_factory=partial(empty_table, "areas"))
    comparisons: pd.DataFrame = field(default_factory=partial(empty_table, "comparisons"))
    language_comparisons: pd.DataFrame = field(default_factory=partial(empty_table, "language_comparisons"))
    rank_groups: pd.DataFrame = field(default_factory=partial(empty_table, "rank_groups"))
    rank_pairs: pd.DataFrame = field(default_factory=partial(empty_table, "rank_pairs"))
    equivalence: pd.DataFrame = field(default_factory=partial(empty_table, "equivalence"))
    corruption: pd.DataFrame = field(default_factory=partial(empty_table, "corruption"))
    variance: pd.DataFrame = field(default_factory=partial(empty_table, "variance"))
    trend: pd.DataFrame = field(default_factory=partial(empty_table, "trend"))
    orders: pd.DataFrame = field(default_factory=partial(empty_table, "orders"))
    agreement: pd.DataFrame = field(default_factory=partial(empty_table, "agreement"))
    strategies: pd.DataFrame = field(default_factory=partial(empty_table, "strategies"))
    strategy_scores: pd.DataFrame = field(default_factory=partial(empty_table, "strategy_scores"))
    bias: pd.DataFrame = field(default_factory=partial(empty_table, "bias"))
    validity: pd.DataFrame = field(default_factory=partial(empty_table, "validity"))
    inputs: pd.DataFrame = field(default_factory=partial(empty_table, "inputs"))
    indexes: pd.DataFrame = field(default_factory=partial(empty_table, "indexes"))
    examples: pd.DataFrame = field(default_factory=partial(empty_table, "examples"))
    manifest: Manifest | None = None
    options: AnalysisOptions | None = None
    changed: tuple[str, ...] = ()

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {len(table):,}" for name, table in self.tables().items() if len(table))
        return (
            f"Findings({self.manifest.name if self.manifest else 'no run'}: {f'rows of {rows}' if rows else 'empty'})"
        )

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name in TABLES}


def write_findings(findings: Findings, folder: Path | str) -> None:
    """Write every table to ``folder/<name>.csv``: ten significant digits, NaN as nothing, files whole or not at all."""
    for name, table in findings.tables().items():

        def write(temporary: Path, table: pd.DataFrame = table) -> None:
            with temporary.open("w", encoding="utf-8", errors="surrogatepass", newline="") as stream:
                table.to_csv(stream, index=False, float_format="%.10g", lineterminator="\n")

        write_atomically(Path(folder) / f"{name}.csv", write)


def read_findings(folder: Path | str) -> Findings:
    """Read the tables that :func:`write_findings` wrote; raise RunError naming a table that is missing or damaged."""
    import pandas as pd

    tables: dict[str, Any] = {}
    for name, columns in TABLES.items():
        path = Path(folder) / f"{name}.csv"
        kinds = {column: _kind(name, column) for column in columns}
        # Only numbers may be missing: text columns keep "" and "NA".
        missing = {column: [""] for column, kind in kinds.items() if kind == "float64"}
        readable: Any = {column: str if kind == "object" else kind for column, kind in kinds.items()}
        try:
            table = pd.read_csv(
                path,
                dtype=readable,
                keep_default_na=False,
                na_values=missing,
                encoding="utf-8",
                encoding_errors="surrogatepass",
            )
            tables[name] = table[[*columns, *(column for column in table.columns if column not in kinds)]].astype(kinds)
        except PermissionError as error:
            raise RunError(f"{path} cannot be read: {error.strerror or error}") from error
        except (OSError, ValueError, KeyError) as error:
            raise RunError(
                f"{path} cannot be read ({error}); run  robustir report  on the run to make it again"
            ) from error
    return Findings(**tables)
