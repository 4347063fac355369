"""From a suite to a plan: what would run, with content keys, before anything runs.

Everything that a result depends on is decided here.
"""
