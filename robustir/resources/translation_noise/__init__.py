"""Rates of the errors that real translation systems make, counted from their outputs (`robustir mt-channel`).

The perturbation `mt-channel` reads what is made here.
"""
