"""Faults in real processes, and what became of every metric.

`python -m benchmarks.faults` runs each scenario at full size and prints a table; the tests in
``tests/faults`` run the same scenarios at small sizes.
"""

from __future__ import annotations
