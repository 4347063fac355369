"""From a run directory to per-query scores: which conditions belong together, which strata are never pooled.

What `robustir scores` streams comes from here.
"""
