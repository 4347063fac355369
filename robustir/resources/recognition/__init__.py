"""Words that a speech recogniser takes for each other: same or near sounds among the frequent words of a language (`robustir asr`).

The perturbation `asr` reads what is made here; espeak-ng and, for Chinese, pypinyin say how words sound.
"""
