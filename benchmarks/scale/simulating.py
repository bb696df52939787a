"""A deployment under load, simulated: batches come at random, each server takes one after the other, shards store.

A server takes batches one by one, since an event loop has one core, and goes on taking them while a group is being
stored. When that is acknowledged, all that has been taken meanwhile is the next group. A group is as many inserts as
there are shards, at once; a shard works on as many as it has cores. Its answer is there when the slowest is.
"""

from __future__ import annotations

import heapq
from typing import Final

import numpy as np
from attrs import define, field, frozen

__all__ = ["Costs", "Deployed", "Load", "Simulated", "simulate"]

SECONDS: Final = 10.0
WARM: Final = 2.0
"""What is left out at the beginning."""


@frozen
class Load:
    """What is asked of a deployment.

    Attributes:
        metrics: A second.
        writers: Each sends one batch a second.
        charts: A second.
    """

    metrics: int
    writers: int
    charts: int

    @property
    def batches(self) -> int:
        """A second."""
        return self.writers


@frozen
class Deployed:
    """What there is.

    Attributes:
        servers: Tora's own.
        shards: Of ClickHouse.
        cores: Of one shard.
        gather: Seconds at least from the begin of one group of a server to that of the next.
    """

    servers: int
    shards: int
    cores: int
    gather: float = 0.0


@frozen
class Costs:
    """Seconds.

    Attributes:
        batch: Of the server, for one batch with its metrics.
        group: Of the server, for one group.
        insert: Of a shard, for one insert.
        row: Of a shard, for one metric.
        answer: From a group's begin to its end, where nothing else is done.
    """

    batch: float
    group: float
    insert: float
    row: float
    answer: float


@frozen
class Simulated:
    """How it went.

    Attributes:
        median: Seconds from a batch's arrival to its acknowledgement.
        p99: The same.
        servers_busy: The part of the time that the servers worked.
        shards_busy: The same, of all cores of the shards.
        groups: How many were stored in a second, by all servers.
    """

    median: float
    p99: float
    servers_busy: float
    shards_busy: float
    groups: float


@define
class _Server:
    """One server.

    Attributes:
        arrived: When each batch came.
        taken: When each was ready to be stored.
        stored: How many are acknowledged or being stored.
    """

    arrived: np.ndarray
    taken: np.ndarray
    stored: int = 0
    waits: list[np.ndarray] = field(factory=list)

    def next_start(self, free: float) -> float | None:
        """Return when its next group begins, None where nothing comes any more."""
        return None if self.stored >= len(self.taken) else max(free, float(self.taken[self.stored]))


def simulate(load: Load, deployed: Deployed, costs: Costs, seed: int = 1) -> Simulated:
    """Return how a deployment fares."""
    random = np.random.default_rng(seed)
    servers = [_server(load.batches / deployed.servers, costs.batch, random) for _ in range(deployed.servers)]
    shards = [[0.0] * deployed.cores for _ in range(deployed.shards)]
    size = load.metrics / load.batches
    waiting = [(start, place) for place, one in enumerate(servers) if (start := one.next_start(0)) is not None]
    heapq.heapify(waiting)
    worked, groups = 0.0, 0
    while waiting:
        now, place = heapq.heappop(waiting)
        one = servers[place]
        count = int(np.searchsorted(one.taken, now, side="right")) - one.stored
        work = costs.insert + count * size * costs.row / deployed.shards
        end = max(_worked(cores, now, work) for cores in shards)
        end = max(end, now + costs.answer) + costs.group
        worked += work * deployed.shards
        groups += 1
        one.waits.append(end - one.arrived[one.stored : one.stored + count])
        one.stored += count
        if (start := one.next_start(max(end, now + deployed.gather))) is not None:
            heapq.heappush(waiting, (start, place))
    waits = np.concatenate([np.concatenate(one.waits) for one in servers])
    arrived = np.concatenate([one.arrived for one in servers])
    counted = waits[arrived > WARM]
    batches = sum(len(one.arrived) for one in servers)
    return Simulated(
        median=float(np.median(counted)),
        p99=float(np.quantile(counted, 0.99)),
        servers_busy=(batches * costs.batch + groups * costs.group) / deployed.servers / SECONDS,
        shards_busy=worked / deployed.shards / deployed.cores / SECONDS,
        groups=groups / SECONDS,
    )


def _server(rate: float, cost: float, random: np.random.Generator) -> _Server:
    arrived = np.sort(random.uniform(0, SECONDS, random.poisson(rate * SECONDS)))
    place = np.arange(len(arrived))
    # Each is begun when it is there and the one before it is done.
    taken = np.maximum.accumulate(arrived - place * cost) + (place + 1) * cost
    return _Server(arrived, taken)


def _worked(cores: list[float], now: float, work: float) -> float:
    """Let a core that is free first do some work, and return when it is done."""
    end = max(cores[0], now) + work
    heapq.heapreplace(cores, end)
    return end
