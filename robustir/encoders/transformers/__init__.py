"""Transformer encoders: checkpoints and folders, pooling, and the presets of published models.

`transformer.py` holds the general encoder, `presets.py` the named ones.
"""
