"""What ships as data and how it is made: calibrations, lexicons and translation error rates, each by a command.

Perturbations read the results; nothing here runs during a benchmark.
"""
