"""Noise as people make it: kinds of edit in natural pair files, beside those of perturbations (`robustir naturalness`).

The perturbation `typos` reads the rates that are counted here.
"""
