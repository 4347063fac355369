"""Bilingual lexicons induced from parallel text, and how good they are (`robustir lexicon`).

The code-switching perturbation reads what is made here.
"""
