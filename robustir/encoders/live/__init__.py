"""Live objects of others: how they are asked for vectors, and what identifies them.

An identity covers code, settings, functions and weights; where a part cannot be told, nothing is kept beyond a run.
"""
