"""Readers of the data files: substitutions, confusions, lexicons, romanisations, recordings, calibrations.

The files themselves lie in `perturbations/data`.
"""
