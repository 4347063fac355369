"""Benchmarks: loaders from local data to a `Task`, and the suites that name them.

One file per benchmark, one per suite.
"""
