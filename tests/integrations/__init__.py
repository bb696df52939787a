"""Real trainings in the real frameworks: what they recorded themselves is what Tora has."""
