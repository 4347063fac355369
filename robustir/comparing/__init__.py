"""Comparisons of runs with a baseline, and bounds that a run must keep. Both read the per-query scores and need neither encoders nor data."""
