"""The model card: what an encoder was trained on, how, and what it is not for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from robustir.encoders.training_record import in_domain_benchmarks

__all__ = ["model_card"]

_WHY = "Made by robustir for comparing training samplings under noise."
_LIMITS = "It is meant for research, not for products."


def model_card(manifest: Mapping[str, Any]) -> str:
    """Return the card of a training manifest, in Markdown."""
    config, encoder = manifest["configuration"], manifest["encoder"]
    per_source: Counter[str] = Counter()
    for shelf in manifest["shelves"]:
        per_source[shelf["source"]] += shelf["items"]
    lines = [
        f"# {manifest['name']}",
        "",
        f"{encoder['summary']} {_WHY}",
        "",
        f"- Languages: {', '.join(config['languages'])}",
        f"- Sampling: {config['sampling']}"
        + (f", a batch is monolingual with probability {config['alpha']}" if config["sampling"] == "hybrid" else ""),
        f"- Steps: {manifest['steps']:,} of {config['batch']} pairs, seed {config['seed']}{_chosen(manifest)}",
        f"- Robust training: {_robust(manifest['robust_training'], encoder['adversarial'])}",
        "",
        "| source | items | licence |",
        "|---|---|---|",
        *(f"| {name} | {per_source[name]:,} | {licence} |" for name, licence in manifest["licences"].items()),
        "",
        f"Items left out because a test set holds them: {sum(manifest['dropped_for_test_sets'].values()):,}.",
        "",
        *_in_domain(manifest["licences"]),
        f"Limits: {encoder['limits']} {_LIMITS}",
        "",
    ]
    return "\n".join(lines)


def _in_domain(sources: Mapping[str, Any]) -> list[str]:
    known = in_domain_benchmarks(sources).values()
    return [f"In-domain, so no evidence of what it can do elsewhere: {'; '.join(known)}.", ""] if known else []


def _chosen(manifest: Mapping[str, Any]) -> str:
    if not manifest["validation"]:
        return ""
    return f"; the state after step {manifest['written_step']:,}, the best of {len(manifest['validation'])} validations"


def _robust(robust: Mapping[str, Any], adversarial: str) -> str:
    parts = [
        f"{noise['spec']} at {noise['severity']} on {noise['share']:.0%} of batches" for noise in robust["queries"]
    ]
    for name, where in (("gaussian", "vectors"), ("adversarial", adversarial)):
        if robust[name]:
            parts.append(f"{name} noise of radius {robust[name]} on {where}")
    return (
        "; ".join(parts) + " (scores on noise that was seen in training are not evidence of robustness to it)"
        if parts
        else "none"
    )
