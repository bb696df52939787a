"""Faults in real processes: nothing that was logged is lost, and nothing hangs."""
