"""Runs the missing cells of a plan: texts into units, jobs of worker processes, the stages in order.

Executors are local processes or actors of a Ray cluster.
"""
