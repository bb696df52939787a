"""How much one caller may ask of a server: what is beyond it waits, so that nobody stands in everybody's way."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final, Literal, Self

from attrs import define, field, frozen

from tora.server.refusals import Refusal
from tora.server.rights import Caller

__all__ = ["Allowance", "AllowanceName", "Crowd", "Limits"]

AllowanceName = Literal["calls", "appends", "guesses"]
"""The allowances that a server has for each caller."""

AHEAD: Final = 5.0
"""A caller who was quiet may ask for so many seconds' worth at once."""

APPENDS: Final = 25
"""Batches and heartbeats count apart and may be so many times more: the writers of one experiment share a token."""

GUESSES: Final = 1.0
"""Unknown keys a second from one address; each is looked up in the catalog."""

GUESSES_AT_ONCE: Final = 100.0

MAX_WATCHED: Final = 50_000

_EXACT: Final = 1e-6  # seconds; sums of fractions are not exact

CONNECTIONS: Final = 2_000
"""Connections that one address may have open."""


@define(eq=False)
class Allowance:
    """So many calls a second by caller, after so many at once.

    A caller has one number: when all that it asked for will be paid for. Who owes nothing is not kept.

    Attributes:
        used: Is called with each caller whose call was counted, where there are other servers to tell.
    """

    rate: float
    at_once: float
    clock: Callable[[], float] = time.monotonic
    used: Callable[[str], None] | None = None
    _paid_at: dict[str, float] = field(factory=dict)
    _sweep_at: int = MAX_WATCHED

    def take(self, who: str) -> float:
        """Count a call and return 0; or count nothing and return the seconds until there is room for it."""
        now = self.clock()
        paid_at = max(self._paid_at.get(who, now), now) + 1 / self.rate
        if (wait := paid_at - now - self.at_once / self.rate) > _EXACT:
            return wait
        self._pay(who, paid_at, now)
        if self.used is not None:
            self.used(who)
        return 0.0

    def charge(self, who: str, times: int) -> None:
        """Count calls that another server has let pass; what is too much has to be paid for all the same."""
        now = self.clock()
        self._pay(who, max(self._paid_at.get(who, now), now) + times / self.rate, now)

    def wait(self, who: str) -> float:
        """Return the seconds until there is room for another call."""
        now = self.clock()
        wait = self._paid_at.get(who, now) + (1 - self.at_once) / self.rate - now
        return wait if wait > _EXACT else 0.0

    def _pay(self, who: str, paid_at: float, now: float) -> None:
        self._paid_at[who] = paid_at
        if len(self._paid_at) > self._sweep_at:
            self._sweep(now)

    def _sweep(self, now: float) -> None:
        """Forget who owes nothing; should too many still do, forgive them all rather than remember without end."""
        kept = {who: paid_at for who, paid_at in self._paid_at.items() if paid_at > now}
        self._paid_at = kept if len(kept) <= self._sweep_at // 2 else {}


@frozen
class Limits:
    """The allowances of one server.

    Attributes:
        calls: By key or user, else by address.
        appends: The same for batches and heartbeats.
        guesses: Unknown keys, by address.
    """

    calls: Allowance
    appends: Allowance
    guesses: Allowance

    @classmethod
    def of(cls, rate: float, clock: Callable[[], float] = time.monotonic) -> Self | None:
        """Return the limits for so many calls a second; None, for no limits, where that is 0."""
        if not rate:
            return None
        return cls(
            calls=Allowance(rate, rate * AHEAD, clock),
            appends=Allowance(rate * APPENDS, rate * APPENDS * AHEAD, clock),
            guesses=Allowance(GUESSES, GUESSES_AT_ONCE, clock),
        )

    def named(self, name: AllowanceName) -> Allowance:
        """Return one of them."""
        return {"calls": self.calls, "appends": self.appends, "guesses": self.guesses}[name]

    def check(self, caller: Caller, origin: str, *, appends: bool) -> None:
        """Count a call.

        Args:
            caller: Who asks.
            origin: Where from; it is this that counts where nobody knows who asks.
            appends: It is a batch or a heartbeat.

        Raises:
            Refusal: 429, with the seconds to wait; nothing was done.
        """
        if wait := (self.appends if appends else self.calls).take(_name(caller, origin)):
            raise _too_many(wait, "too many requests at once")

    def check_guess(self, origin: str) -> None:
        """Refuse to look up a key that may well be as unknown as those that came from there before.

        Raises:
            Refusal: 429, with the seconds to wait.
        """
        if wait := self.guesses.wait(origin):
            raise _too_many(wait, "too many unknown keys came from your address; check TORA_API_KEY")

    def guessed(self, origin: str) -> None:
        """Count an unknown key."""
        self.guesses.take(origin)


@define(eq=False)
class Crowd:
    """How many connections each address has open."""

    most: int = field(factory=lambda: CONNECTIONS)
    _open: dict[str, int] = field(factory=dict)

    def enter(self, address: str) -> bool:
        """Count a connection; False, and not counted, where there are too many."""
        count = self._open.get(address, 0)
        if count >= self.most:
            return False
        self._open[address] = count + 1
        return True

    def leave(self, address: str) -> None:
        """Count one less."""
        count = self._open.get(address, 0) - 1
        if count > 0:
            self._open[address] = count
        else:
            self._open.pop(address, None)


def _name(caller: Caller, origin: str) -> str:
    if caller.user is None:
        return caller.credential or f"address:{origin}"
    return caller.credential if caller.credential.startswith("key:") else f"user:{caller.user.id}"


def _too_many(wait: float, what: str) -> Refusal:
    seconds = math.ceil(wait)
    return Refusal(429, "too_many_requests", f"{what}; try again in {seconds} s", {"Retry-After": str(seconds)})
