from __future__ import annotations

import subprocess
import sys

import pytest

_COUNT = """
import resource, sys
import numpy as np
from robustir.training.memory import keep_memory

if sys.argv[1] == "keep":
    keep_memory()
np.ones(8_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    np.ones(8_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
def test_memory_that_is_kept_is_not_mapped_again() -> None:
    faults = {
        how: int(subprocess.run([sys.executable, "-c", _COUNT, how], capture_output=True, check=True).stdout)
        for how in ("plain", "keep")
    }
    assert faults["keep"] * 20 < faults["plain"]
