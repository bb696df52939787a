"""What one caller may ask, and what happens beyond it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from attrs import define

from tests.server.conftest import refusal
from tests.server.world import PASSWORD, ask
from tests.support.serving import Server, serving
from tora.server import limits, throttle
from tora.server.catalog.records import User
from tora.server.limits import Allowance, Crowd, Limits
from tora.server.proxy import Proxy
from tora.server.refusals import Refusal
from tora.server.rights import Caller
from tora.server.throttle import Throttle


@define
class Clock:
    """A clock that a test turns."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands."""
    return Clock()


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes one call a second of each caller, and five at once."""
    with serving(tmp_path_factory.mktemp("narrow") / "data", "--rate-limit", "1", anonymous=False) as running:
        yield running


def test_so_many_at_once_and_so_many_a_second(clock: Clock) -> None:
    """After a burst calls come at the rate; what was refused is not counted."""
    allowance = Allowance(10, 50, clock)
    assert [allowance.take("a") for _ in range(50)] == [0] * 50
    assert allowance.take("a") == pytest.approx(0.1)
    assert allowance.wait("a") == pytest.approx(0.1)
    assert allowance.take("b") == 0
    clock.now += 1
    assert [bool(allowance.take("a")) for _ in range(12)] == [False] * 10 + [True] * 2
    clock.now += 5
    assert [bool(allowance.take("a")) for _ in range(51)] == [False] * 50 + [True]


def test_memory_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many callers there are, so many are remembered at most, those that owe something rather than others."""
    allowance = Allowance(1, 5, clock)
    allowance._sweep_at = 100
    for number in range(90):
        allowance.take(f"old {number}")
    clock.now += 10
    for _ in range(5):
        allowance.take("busy")
    for number in range(50):
        allowance.take(f"new {number}")
    assert len(allowance._paid_at) <= 100
    assert allowance.take("busy") > 0
    for number in range(10_000):
        allowance.take(f"more {number}")
    assert len(allowance._paid_at) <= 101
    monkeypatch.setattr(throttle, "MAX_WATCHED", 100)
    watch = Throttle(Proxy(), clock)
    for number in range(10_000):
        found = watch._watched("name", str(number), clock.now)
        found.count, found.last = 1, clock.now
    assert len(watch._failures) <= 100


def test_who_shares_what() -> None:
    """A key has an allowance of its own, a user's browsers share one, and so do unknown callers of an address."""
    user = User("u1", "ada", is_admin=False, disabled=False, has_password=True, created_at=None)  # type: ignore[arg-type]
    names = [
        limits._name(Caller(user, credential=credential), "1.2.3.4")
        for credential in ("key:k1", "key:k2", "session", "proxy", "local-key")
    ]
    assert names == ["key:k1", "key:k2", "user:u1", "user:u1", "user:u1"]
    assert limits._name(Caller(experiment="x", credential="token:x"), "1.2.3.4") == "token:x"
    assert limits._name(Caller(), "1.2.3.4") == "address:1.2.3.4"


def test_five_hundred_writers_of_one_experiment_are_let_through(clock: Clock) -> None:
    """By default one token takes 500 batches and heartbeats at once, and five of each of 500 writers a second."""
    made = Limits.of(200, clock)
    assert made is not None
    caller = Caller(scope="write", experiment="x", credential="token:x")
    for second in range(60):
        for call in range(500 * 5 + (500 if second % 20 == 0 else 0)):
            clock.now = 1000 + second + call / 3000
            made.check(caller, "1.2.3.4", appends=True)


def test_what_is_limited_says_when_to_come_back(clock: Clock) -> None:
    """Beyond the allowance the answer is 429 with whole seconds, and batches have an allowance of their own."""
    made = Limits.of(0.1, clock)
    assert made is not None
    made = Limits(Allowance(0.1, 1, clock), Allowance(1, 1, clock), Allowance(1, 1, clock))
    made.check(Caller(), "a", appends=False)
    with pytest.raises(Refusal) as refused:
        made.check(Caller(), "a", appends=False)
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "10"})
    made.check(Caller(), "a", appends=True)
    made.check_guess("a")
    made.guessed("a")
    with pytest.raises(Refusal):
        made.check_guess("a")
    made.check_guess("b")
    assert Limits.of(0) is None


def test_an_address_has_so_many_connections() -> None:
    """What leaves makes room, and nothing is kept of who has left."""
    crowd = Crowd(2)
    assert [crowd.enter("a") for _ in range(3)] == [True, True, False]
    assert crowd.enter("b")
    crowd.leave("a")
    assert crowd.enter("a")
    for who in ("a", "a", "b"):
        crowd.leave(who)
    assert not crowd._open


def test_a_server_refuses_what_is_too_much(narrow: Server) -> None:
    """The sixth call of a second is refused with Retry-After and not carried out; pages and other callers are not."""
    key = {"x-api-key": narrow.key}
    answers = [ask(narrow.port, "POST", "/workspaces", {"name": "a"}, key) for _ in range(20)]
    refused = [answer for answer in answers if answer.status == 429]
    assert len(refused) >= 8
    assert int(refused[0].headers["retry-after"]) >= 1
    assert "try again in" in refusal(refused[0], 429, "too_many_requests")
    assert ask(narrow.port, "GET", "/", None, key).status == 200
    assert ask(narrow.port, "GET", "/health").status == 200


def test_a_local_server_limits_nobody(tmp_path: object, narrow: Server) -> None:
    """The flag is for a team's server: one user's own has no limit; wrong names and passwords are throttled on both."""
    from pathlib import Path

    assert isinstance(tmp_path, Path)
    with serving(tmp_path / "data", "--local", "--rate-limit", "1", anonymous=False) as server:
        assert {ask(server.port, "GET", "/health").status for _ in range(50)} == {200}
    body = {"name": "nobody", "password": PASSWORD}
    assert ask(narrow.port, "POST", "/session", body).status in {401, 429}
