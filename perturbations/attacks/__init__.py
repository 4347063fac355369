"""What attacks are made of: their common base, candidates for a swap, searches, victims, and TextAttack's parts.

The registered attacks are here too; each is one file.
"""
