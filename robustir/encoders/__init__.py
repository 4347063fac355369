"""Encoders (texts to vectors) and scorers (texts to scores), registered through entry points like anyone's.

Live models of other libraries are adapted here.
"""
