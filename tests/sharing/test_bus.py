"""The way between servers: what is said is heard by the others, and a gap is noticed."""

from __future__ import annotations

from typing import Final

import asyncpg
import pytest
import sqlalchemy as sa
from attrs import define, field

from tests.support.polling import aio_until
from tora.server.limits import Limits
from tora.server.presence import LOST_AFTER, Presence
from tora.server.proxy import Proxy
from tora.server.sharing import telling
from tora.server.sharing.address import connect_arguments
from tora.server.sharing.bus import Bus
from tora.server.sharing.messages import Called, Changed, Failed, Heard, Lost, Message, Points, pack, unpack
from tora.server.sharing.telling import Telling
from tora.server.throttle import Throttle

CUT: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@define
class Ear:
    """Remembers what it hears."""

    heard: list[Message] = field(factory=list)
    missed: int = 0

    def hear(self, message: Message) -> None:
        """Take a message."""
        self.heard.append(message)

    def miss(self) -> None:
        """Take that there may have been one."""
        self.missed += 1


async def test_what_one_says_the_others_hear(address: sa.URL) -> None:
    """In the order in which it was said, however much that is, and not the one who said it."""
    said: list[Message] = [Points(f"e{place:060}", place) for place in range(1_500)]
    a, b = Ear(), Ear()
    async with Bus(address, a) as bus, Bus(address, b):
        for each in said:
            bus.publish(each)
        await aio_until(lambda: len(b.heard) >= len(said), "messages")
    assert b.heard == said
    assert a.heard == []
    assert (a.missed, b.missed) == (0, 0)


async def test_a_connection_that_breaks_is_made_again(address: sa.URL) -> None:
    """Meanwhile everything counts as changed, and what was said waits."""
    a, b = Ear(), Ear()
    async with Bus(address, a) as bus, Bus(address, b):
        bus.publish(Changed("1"))
        await aio_until(lambda: b.heard, "message")
        await _run(address, CUT)
        bus.publish(Changed("3"))
        await aio_until(lambda: a.missed >= 2 and b.missed >= 2, "word of the gap")
        bus.publish(Changed("4"))
        await aio_until(lambda: Changed("4") in b.heard, "message after the gap")
    assert a.heard == []


async def _run(address: sa.URL, statement: str) -> None:
    connection = await asyncpg.connect(**connect_arguments(address))
    await connection.execute(statement)
    await connection.close()


async def test_what_nobody_understands_is_a_gap(address: sa.URL) -> None:
    """A newer version may say what this one does not know: whatever it was, nothing old is relied on."""
    ear = Ear()
    async with Bus(address, ear):
        await _run(address, """NOTIFY tora, '["", [["unheard of", 1]]]'""")
        await aio_until(lambda: ear.missed, "word of the gap")
    assert ear.heard == []


async def test_who_was_heard_by_one_is_lost_on_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signs of life, calls and failures reach the others, gathered, and what was killed at once."""
    for name in ("POINTS", "CALLS", "SIGNS"):
        monkeypatch.setattr(telling, name, 0.001)
    said: list[Message] = []
    presence, limits, throttle = Presence(), Limits.of(10), Throttle(Proxy())
    assert limits is not None
    told = Telling(presence)
    told.attach(said.append, limits, throttle)
    async with told.going_on(said.append):
        for writer in range(120):
            presence.sign("x", f"w{writer}")
        presence.sign("y", None)
        presence.lose("x", "w0")
        assert said == [Lost("x", "w0")]
        limits.calls.take("key:1")
        limits.calls.take("key:1")
        limits.guessed("::1")
        told.points("x", 8)
        told.points("x", 7)
        await aio_until(lambda: len(said) >= 8, "messages")
    signs = [each for each in said if isinstance(each, Heard)]
    assert sorted(w for each in signs for w in each.writers if w) == sorted(f"w{place}" for place in range(1, 120))
    assert {name: sum(each.experiment == name for each in signs) for name in "xy"} == {"x": 3, "y": 1}
    assert Called("calls", "key:1", 2) in said
    assert Called("guesses", "::1", 1) in said
    assert [each for each in said if isinstance(each, Points)] == [Points("x", 8)]


def test_another_servers_word_counts_as_ones_own() -> None:
    """A writer that another server heard is not lost, calls that it let pass are paid for, failures make wait."""
    now = 1_000.0

    def clock() -> float:
        return now

    presence, limits, throttle = Presence(clock), Limits.of(10, clock), Throttle(Proxy(), clock)
    assert limits is not None
    now += LOST_AFTER + 1
    assert presence.is_lost("x", "w")
    presence.hear("x", "w")
    assert not presence.is_lost("x", "w")
    presence.hear_loss("x", "w")
    assert presence.is_lost("x", "w")
    limits.calls.charge("key:1", 60)
    assert limits.calls.take("key:1") == pytest.approx(1.1)
    assert limits.calls.take("key:2") == 0
    for _ in range(11):
        throttle.charge("address", "d")
    assert throttle._watched("address", "d", now).wait(now) == 2.0


def test_messages_are_packed_into_notifications() -> None:
    """Each fits, none is lost, and the order stays."""
    said: list[Message] = [Heard("e" * 64, ["w" * 64] * 50), Failed("name", "0" * 32)]
    said += [Changed(str(place)) for place in range(999)]
    payloads = [*pack("s", said)]
    assert all(len(payload.encode()) < 8_000 for payload in payloads)
    assert [message for payload in payloads for message in unpack(payload)[1]] == said
    assert {unpack(payload)[0] for payload in payloads} == {"s"}
    assert [*pack("s", [])] == []
