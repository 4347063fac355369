"""Noise as people make it: kinds of edit in natural pair files, beside those of perturbations (`robustir naturalness`).

The perturbations `typos`, `asr` and `chat` read the rates that are counted here.
"""
