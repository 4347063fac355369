"""The browser that reports are looked at in."""

from __future__ import annotations

import shutil

import pytest


def browser() -> str:
    """Return the command of Chromium, or skip the test."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("needs Chromium")
    return found
