"""Perturbations: each turns clean queries into noisy ones, deterministically, at a chosen severity.

A perturbation is a small class that follows :class:`robustir.contracts.Perturbation`; the ones in this folder register
through the same entry points as third parties'.
"""
