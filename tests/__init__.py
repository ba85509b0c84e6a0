"""A package of its own: `remotion-lambda`, which some tests use, installs another `tests`."""
