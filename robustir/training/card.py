"""The model card: what an encoder was trained on, how, and what it is not for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

__all__ = ["model_card"]

_WHAT = (
    "A table of {pieces:,} subword vectors of {dimensions} dimensions; a text is the mean of its pieces, to unit length. "
    "Made by robustir for comparing training samplings under noise."
)
_LIMITS = (
    "Limits: it has no word order and knows the words of a small collection; languages with few pairs (Thai, Vietnamese, "
    "Hindi) are weak. Tatoeba's test is in-domain for what is trained on OPUS Tatoeba. It is meant for research, not for "
    "products."
)


def model_card(manifest: Mapping[str, Any]) -> str:
    """Return the card of a training manifest, in Markdown."""
    config = manifest["configuration"]
    per_source: Counter[str] = Counter()
    for shelf in manifest["shelves"]:
        per_source[shelf["source"]] += shelf["items"]
    lines = [
        f"# {manifest['name']}",
        "",
        _WHAT.format(pieces=config["model"]["pieces"], dimensions=config["model"]["dimensions"]),
        "",
        f"- Languages: {', '.join(config['languages'])}",
        f"- Sampling: {config['sampling']}"
        + (f", a batch is monolingual with probability {config['alpha']}" if config["sampling"] == "hybrid" else ""),
        f"- Steps: {manifest['steps']:,} of {config['batch']} pairs, seed {config['seed']}",
        f"- Robust training: {_robust(manifest['robust_training'])}",
        "",
        "| source | items | licence |",
        "|---|---|---|",
        *(f"| {name} | {per_source[name]:,} | {licence} |" for name, licence in manifest["licences"].items()),
        "",
        f"Items left out because a test set holds them: {sum(manifest['dropped_for_test_sets'].values()):,}.",
        "",
        _LIMITS,
        "",
    ]
    return "\n".join(lines)


def _robust(robust: Mapping[str, Any]) -> str:
    parts = [
        f"{noise['spec']} at {noise['severity']} on {noise['share']:.0%} of batches" for noise in robust["queries"]
    ]
    parts += [f"{name} noise of radius {robust[name]}" for name in ("gaussian", "adversarial") if robust[name]]
    return "; ".join(parts) + " (noise seen in training is no evidence of robustness to it)" if parts else "none"
