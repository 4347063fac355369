"""The calibration of the statistics: how often tests, intervals and verdicts err on data whose truth is known.

``make statistics-calibration`` writes docs/statistics-calibration.md from it.
"""
