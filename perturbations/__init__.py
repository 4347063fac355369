"""Perturbations: each turns clean queries into noisy ones, deterministically, at a chosen severity.

What is registered is here, one small file each; their parts have their own packages.
"""
