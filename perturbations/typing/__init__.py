"""Typing errors: keyboards, input methods (Telex, pinyin) and the edits that fingers make.

The registered perturbations that use them are one level up.
"""
