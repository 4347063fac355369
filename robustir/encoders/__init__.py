"""Encoders (texts to vectors) and scorers (texts to scores), registered through entry points like anyone's."""
