"""English function words, with the fragments of contractions that tokenisation leaves."""

from __future__ import annotations

__all__ = ["ENGLISH"]

_WORDS = (
    "a about above after again against ain all also am an and any are aren as at be because been "
    "before being below between both but by can cannot could couldn d did didn do does doesn doing "
    "don down during each either else em ever few for from further get gets gonna gotta got had hadn "
    "has hasn have haven having he her here hers herself hey him himself his how i if in into is isn "
    "it its itself just let ll m ma may me might more most must my myself na neither no nor not now "
    "of off oh on once only onto or other our ours ourselves out over own re s same shall shan she "
    "should shouldn so some such t ta than that the their theirs them themselves then there these "
    "they this those though through to too uh um under until up upon us ve very wanna was wasn we "
    "were weren what when where which while who whom whose why will with within without won would "
    "wouldn y yeah yes yet you your yours yourself yourselves"
)

ENGLISH: frozenset[str] = frozenset(_WORDS.split())
"""Articles, pronouns, prepositions, conjunctions, auxiliaries and particles, in lower case."""
