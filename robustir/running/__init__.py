"""Runs a plan from beginning to end: the missing cells in jobs of worker processes, then findings and reports.

Executors are local processes or actors of a Ray cluster.
"""
