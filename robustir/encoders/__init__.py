"""Encoders (texts to vectors) and scorers (texts to scores), registered through entry points as plugins are.

Live models of other libraries are adapted here.
"""
