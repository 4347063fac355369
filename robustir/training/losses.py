"""The contrastive loss and its gradient at the vectors themselves.

The gradient is worked out by hand, so that neither a table (which needs it per row) nor a transformer (whose batches
are encoded in parts, Gao et al. 2021, Scaling deep contrastive learning batch size under memory limited setup) has to
keep a graph through the similarities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["adversarial_shift", "info_nce"]

_TINY = 1e-12


def info_nce(queries: Tensor, passages: Tensor, temperature: float) -> tuple[float, Tensor, Tensor]:
    """Return the symmetric InfoNCE loss of pairs and its gradients at queries and passages, each float32 [b, d].

    Passage i belongs to query i and is a negative of all others, and the other way round (van den Oord et al. 2018;
    both directions as in Radford et al. 2021). Similarity is the cosine over ``temperature``; the vectors need not have
    unit length. Natural logarithm, mean over pairs and both directions.
    """
    import torch

    size = len(queries)
    lengths = [side.norm(dim=1, keepdim=True).clamp_min(_TINY) for side in (queries, passages)]
    left, right = queries / lengths[0], passages / lengths[1]
    scores = (left @ right.T).div_(temperature)
    own = scores.diagonal().clone()
    by_query, by_passage = scores.logsumexp(dim=1), scores.logsumexp(dim=0)
    loss = float((by_query + by_passage - 2 * own).mean()) / 2
    slope = torch.exp(scores - by_query[:, None]).add_(scores.sub_(by_passage).exp_())
    slope.diagonal().sub_(2)
    slope.mul_(1 / (2 * size * temperature))
    gradients = (slope @ right, slope.T @ left)
    shares = zip(gradients, (left, right), lengths, strict=True)
    # Through the division by the length: only what is at right angles to the vector counts.
    toward = [(slope - (slope * unit).sum(dim=1, keepdim=True) * unit) / length for slope, unit, length in shares]
    return loss, toward[0], toward[1]


def adversarial_shift(vectors: Tensor, gradient: Tensor, radius: float) -> Tensor:
    """Return the step of ``radius`` (a share of each vector's length) that raises the loss most, float32 [b, d]."""
    size = radius * vectors.norm(dim=1, keepdim=True)
    shift: Tensor = gradient * (size / gradient.norm(dim=1, keepdim=True).clamp_min(_TINY))
    return shift
