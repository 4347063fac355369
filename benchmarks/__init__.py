"""Benchmarks: loaders from local data to a :class:`robustir.types.Task`, and the suites that name them."""
