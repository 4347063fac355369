"""Components of variance: recovered where they are known, and those of REML (statsmodels) on balanced data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from robustir.stats.variance import Components, seed_component, variance_components


def simulated(
    rng: np.random.Generator, sizes: list[int], languages: int, draws: int, sd: tuple[float, float, float, float, float]
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return means over draws [questions, languages], groups, and the variance within queries, as a run gives them."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    values = (
        sd[0] * rng.standard_normal(len(sizes))[groups, None, None]
        + sd[1] * rng.standard_normal((len(groups), 1, 1))
        + sd[2] * rng.standard_normal((1, languages, 1))
        + sd[3] * rng.standard_normal((len(groups), languages, 1))
        + sd[4] * rng.standard_normal((len(groups), languages, draws))
    )
    return values.mean(axis=2), groups, float(values.var(axis=2, ddof=1).mean()) if draws > 1 else 0.0


def test_simulated_components_are_recovered() -> None:
    rng = np.random.default_rng(0)
    true = (0.3, 0.5, 0.2, 0.4, 0.6)
    sizes = [5, 10, 20, 40] * 10
    found = []
    values, groups, within = simulated(rng, sizes, 8, 3, true)
    for _ in range(60):
        values, groups, within = simulated(rng, sizes, 8, 3, true)
        parts = variance_components(values, groups, draws=3, within=within)
        found.append([parts.group, parts.question, parts.language, parts.interaction, parts.draw])
    mean, error = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(mean - np.square(true)) < 4 * error + 1e-3).all()
    total, shares = variance_components(values, groups, draws=3, within=within).shares()
    assert np.nansum(
        [shares.group, shares.question, shares.language, shares.interaction, shares.draw]
    ) == pytest.approx(1)
    assert total > 0


def test_balanced_components_are_those_of_reml() -> None:
    from statsmodels.regression.mixed_linear_model import MixedLM

    values, groups, _ = simulated(np.random.default_rng(3), [5] * 8, 4, 1, (1.0, 0.8, 0.9, 0.5, 0.0))
    question, language = np.indices(values.shape)
    table = pd.DataFrame(
        {"y": values.ravel(), "a": groups[question.ravel()], "q": question.ravel(), "l": language.ravel(), "one": 1}
    )
    parts = {"a": "0 + C(a)", "q": "0 + C(q)", "l": "0 + C(l)"}
    fit = MixedLM.from_formula("y ~ 1", groups="one", vc_formula=parts, re_formula="0", data=table).fit(reml=True)
    by_reml = dict(zip(fit.model.exog_vc.names, fit.vcomp, strict=True))
    ours = variance_components(values, groups)
    assert [ours.group, ours.question, ours.language] == pytest.approx([by_reml[name] for name in "aql"], rel=0.02)
    assert ours.interaction == pytest.approx(fit.scale, rel=0.02)


def test_what_cannot_be_separated_has_no_component() -> None:
    rng = np.random.default_rng(1)
    alone, _, _ = simulated(rng, [1] * 30, 4, 1, (0.0, 1.0, 0.5, 0.3, 0.0))
    own = variance_components(alone, np.arange(30))
    assert np.isnan(own.group)
    assert own.question > 0
    assert np.isnan(own.draw)
    single = variance_components(alone[:, :1], np.repeat(np.arange(6), 5))
    assert np.isnan([single.language, single.interaction]).all()
    assert single.question == pytest.approx(alone[:, 0].reshape(6, 5).var(axis=1, ddof=1).mean())
    still = variance_components(np.zeros((6, 2)), np.repeat(np.arange(3), 2))
    assert still.shares()[0] == 0
    assert np.isnan(still.shares()[1].question)
    assert Components.mean([own, single]).question == pytest.approx((own.question + single.question) / 2)


def test_seeds_are_recovered() -> None:
    rng = np.random.default_rng(5)
    found = [
        seed_component(
            0.3 * rng.standard_normal((6, 1)) + 2 * rng.standard_normal((1, 200)) + rng.standard_normal((6, 200))
        )
        for _ in range(400)
    ]
    assert np.mean(found) == pytest.approx(0.09, abs=float(4 * np.std(found) / 20))
    assert np.isnan(seed_component(np.zeros((1, 9))))
