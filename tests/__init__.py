"""Tests: a package, because other distributions install a package of this name and would hide a bare folder."""
