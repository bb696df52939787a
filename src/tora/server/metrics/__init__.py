"""The points: one abstract store, one file an engine."""
