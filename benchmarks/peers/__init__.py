"""The same work through other trackers, each in a virtual environment of its own: `python -m benchmarks.peers`."""

from __future__ import annotations
