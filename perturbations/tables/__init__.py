"""Readers of the data files: substitutions, confusions, lexicons, romanisations, recordings, calibrations.

The files themselves are in `perturbations/data`.
"""
