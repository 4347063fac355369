"""Translation noise: the channel of measured error rates, and round trips through Marian models.

The registered perturbations `mt-channel` and `opus-mt` are made of these parts.
"""
