"""Who was heard of lately: what tells a running experiment from a lost one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

__all__ = ["LOST_AFTER", "Presence"]

LOST_AFTER: Final = 120.0
"""Seconds without a sign of life after which a writer counts as lost."""

_SWEEP: Final = 10_000


class Presence:
    """The last signs of life of writers, in memory: a server that starts gives everybody a new term.

    Attributes:
        signed: Is called with each sign that came to this server, where there are others to tell.
        killed: Is called with each writer of which this server heard that it was killed.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.signed: Callable[[str, str | None], None] | None = None
        self.killed: Callable[[str, str], None] | None = None
        self._clock = clock
        self._start = clock()
        self._seen: dict[tuple[str, str | None], float] = {}
        self._sweep_at = _SWEEP

    def sign(self, experiment: str, writer: str | None) -> None:
        """Note that a writer of an experiment was heard of; None stands for one without an id."""
        self.hear(experiment, writer)
        if self.signed is not None:
            self.signed(experiment, writer)

    def hear(self, experiment: str, writer: str | None) -> None:
        """Note what another server was told."""
        now = self._clock()
        self._seen[experiment, writer] = now
        # Under no writer's name: the last sign of anybody.
        self._seen[experiment, None] = now
        if len(self._seen) > self._sweep_at:
            self._sweep(now)

    def lose(self, experiment: str, writer: str) -> None:
        """Note that a writer was killed: somebody else found what it left."""
        self.hear_loss(experiment, writer)
        if self.killed is not None:
            self.killed(experiment, writer)

    def hear_loss(self, experiment: str, writer: str) -> None:
        """Note what another server was told."""
        self._seen[experiment, writer] = -math.inf

    def is_killed(self, experiment: str, writer: str | None) -> bool:
        """Return whether a writer was killed, and not heard of since."""
        return self._seen.get((experiment, writer)) == -math.inf

    def is_lost(self, experiment: str, owner: str | None) -> bool:
        """Return whether the owner, or anybody where there is none, was silent for too long."""
        return self._clock() - self._seen.get((experiment, owner), self._start) > LOST_AFTER

    def _sweep(self, now: float) -> None:
        """Drop what says nothing more than its absence does."""
        self._seen = {key: seen for key, seen in self._seen.items() if now - seen <= LOST_AFTER}
        self._sweep_at = max(_SWEEP, 2 * len(self._seen))
