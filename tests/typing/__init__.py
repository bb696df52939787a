"""The types of the public API, read by mypy."""
