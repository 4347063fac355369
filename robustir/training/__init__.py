"""Training of encoders by single-language, cross-language and hybrid batches (`robustir train`).

The loop, its checkpoints and its record are here; data and kinds of encoder have their own packages.
"""
