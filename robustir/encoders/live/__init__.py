"""Live third-party objects: how to get their vectors, and what identifies them.

An identity covers code, settings, functions and weights; if a part cannot be identified, nothing is kept beyond a run.
"""
