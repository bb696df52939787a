"""Many Ray actors that log to one experiment while some of them are killed: ``python -m benchmarks.rollouts``."""
