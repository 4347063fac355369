"""A module that cannot be imported, as happens with plugins whose own dependencies are missing."""

raise RuntimeError("this plugin is broken on purpose")
