"""What Tora promises, measured: each module is a program, run as `python -m benchmarks.NAME`."""
