"""What whoever writes remembers of one experiment: what its next points are told by."""

from __future__ import annotations

from collections import defaultdict

from attrs import Factory, define

__all__ = ["ExperimentIndex"]


@define
class ExperimentIndex:
    """What is known of one experiment.

    Attributes:
        marks: The highest sequence number stored, by writer.
        sids: The number of each series, by writer and name.
        counts: How many points each name holds, over all writers.
    """

    experiment: str
    marks: dict[str, int] = Factory(dict)
    sids: defaultdict[str, dict[str, int]] = Factory(lambda: defaultdict(dict))
    counts: defaultdict[str, int] = Factory(lambda: defaultdict(int))

    @property
    def size(self) -> int:
        """How many entries it takes."""
        return 1 + len(self.marks) + sum(map(len, self.sids.values()))
