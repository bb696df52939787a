"""How long calls take, and how much memory the process takes meanwhile."""

from __future__ import annotations

import resource
import time
from array import array
from pathlib import Path

__all__ = ["Meter"]


class Meter:
    """Measures so many calls.

    On a busy machine the longest calls are those in whose midst another process got the core, which
    says nothing about the call. The system counts that, so the others can be told apart.
    """

    def __init__(self, count: int) -> None:
        # Filled before the memory is looked at, so that the measuring is not measured.
        self._spent = array("Q", bytes(8 * count))
        self._disturbed = bytearray(count)
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forgets the peak so far
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        self._start_kib = pages * resource.getpagesize() // 1024
        self._next = 0
        self._switches = 0
        self._began = 0

    def begin(self) -> None:
        """Begin to measure one call."""
        self._switches = _involuntary_switches()
        self._began = time.perf_counter_ns()

    def end(self) -> None:
        """The call is over."""
        self._spent[self._next] = time.perf_counter_ns() - self._began
        self._disturbed[self._next] = _involuntary_switches() != self._switches
        self._next += 1

    def result(self) -> dict[str, float]:
        """Return the figures, times in microseconds."""
        peak_kib = int(Path("/proc/self/status").read_text(encoding="ascii").partition("VmHWM:")[2].split()[0])
        ordered = sorted(self._spent)
        undisturbed = (spent for spent, other in zip(self._spent, self._disturbed, strict=True) if not other)
        return {
            "returned": self._next,
            "median_us": ordered[len(ordered) // 2] / 1e3,
            "p999_us": ordered[int(len(ordered) * 0.999)] / 1e3,
            "worst_us": ordered[-1] / 1e3,
            "worst_undisturbed_us": max(undisturbed, default=0) / 1e3,
            "growth_mib": (peak_kib - self._start_kib) / 1024,
        }


def _involuntary_switches() -> int:
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw
