# Made by tools/sync.py from tests/_async/test_delivery.py; edit that file, then run: python tools/sync.py
"""How metrics get to a server that is in trouble, and what the client says of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest

import tora
from tests.support.polling import until
from tests.support.scripted import Asked, Reply, Scripted, scripted
from tora import Tora

FAILURE = {"status": 503, "error": {"code": "busy", "message": "come back later"}}


@pytest.fixture
def script() -> Iterator[Scripted]:
    """A server that answers well until a test says otherwise."""
    with scripted() as running:
        yield running


def answers_to_batches(*replies: Reply | None) -> Callable[[Asked], Reply | None]:
    """Answer the first batches with these replies, in order, and everything else well."""
    left = list(replies)

    def answer(asked: Asked) -> Reply | None:
        return left.pop(0) if left and asked.path.endswith("/logs/batch") else None

    return answer


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what Tora warned of."""
    return [
        record.getMessage() for record in caplog.records if record.name == "tora" and record.levelno >= logging.WARNING
    ]


def test_metrics_are_numbered_without_gaps(script: Scripted) -> None:
    """Batches carry the writer and the number of their first metric, and each metric its time."""
    with Tora.create_experiment("numbered", server_url=script.url, max_buffer_len=10) as client:
        for step in range(95):
            client.log("loss", 1.0, step)
    expected = 1
    for asked in script.batches():
        assert asked.body["firstSeq"] == expected
        expected += len(asked.body["logs"])
    assert expected == 96
    assert len({asked.body["writer"] for asked in script.batches()}) == 1
    assert [metric["step"] for metric in script.metrics()] == list(range(95))
    assert all(metric["time"] > 1.7e9 for metric in script.metrics())


@pytest.mark.parametrize(
    "trouble",
    [Reply(500, FAILURE), Reply(502, b"<html>"), Reply(503, FAILURE), Reply(429, FAILURE), Reply(408), Reply(0)],
    ids=lambda reply: str(reply.status),
)
def test_what_may_pass_is_tried_again(script: Scripted, trouble: Reply, caplog: pytest.LogCaptureFixture) -> None:
    """A batch that a server could not take is sent again as it was; one failed try is no warning."""
    script.answer = answers_to_batches(trouble)
    with Tora.create_experiment("patient", server_url=script.url) as client:
        client.log("loss", 1.0)
        stats = client.flush()
    assert (stats.stored, stats.waiting, stats.error) == (1, 0, None)
    first, second = script.batches()
    assert first.body == second.body
    assert warnings(caplog) == []


def test_an_outage_is_one_warning_and_one_line_at_its_end(script: Scripted, caplog: pytest.LogCaptureFixture) -> None:
    """However often a server fails in a row, people are told once, and once more when it is over."""
    script.answer = answers_to_batches(*[Reply(503, FAILURE)] * 3)
    with Tora.create_experiment("outage", server_url=script.url) as client:
        client.log("loss", 1.0)
        client.flush()
    assert len(script.batches()) == 4
    said = warnings(caplog)
    assert len(said) == 2
    assert "come back later" in said[0]
    assert "again" in said[1]


def test_retry_after_is_honoured(script: Scripted) -> None:
    """A server that asks for a pause gets it, even while somebody waits in flush."""
    script.answer = answers_to_batches(Reply(429, FAILURE, {"Retry-After": "60"}))
    with Tora.create_experiment("asked", server_url=script.url) as client:
        client.log("loss", 1.0)
        stats = client.flush(timeout=1.5)
        assert (stats.waiting, len(script.batches())) == (1, 1)
        assert "come back later" in str(stats.error)
        client.shutdown(timeout=0.1)


def test_a_batch_that_is_too_large_is_split(script: Scripted) -> None:
    """A 413 makes the batches smaller until the server takes them; nothing is lost or sent out of order."""
    script.answer = lambda asked: (
        Reply(413, FAILURE) if asked.path.endswith("/logs/batch") and len(asked.body["logs"]) > 3 else None
    )
    with Tora.create_experiment("split", server_url=script.url, max_buffer_len=1000) as client:
        for step in range(20):
            client.log("loss", 1.0, step)
        stats = client.flush()
    assert (stats.stored, stats.dropped) == (20, 0)
    taken = [asked.body for asked in script.batches() if len(asked.body["logs"]) <= 3]
    assert [metric["step"] for body in taken for metric in body["logs"]] == list(range(20))


def test_a_metric_that_alone_is_too_large_is_counted_as_dropped(
    script: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that takes a metric not even alone cannot hold up the ones behind it."""
    script.answer = lambda asked: (
        Reply(413, FAILURE)
        if asked.path.endswith("/logs/batch") and any(metric["name"] == "big" for metric in asked.body["logs"])
        else None
    )
    with Tora.create_experiment("big", server_url=script.url, max_buffer_len=1000) as client:
        for name in ("small", "big", "small"):
            client.log(name, 1.0)
        stats = client.flush()
    assert (stats.logged, stats.stored, stats.waiting, stats.dropped) == (3, 2, 0, 1)
    assert len(warnings(caplog)) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 302])
def test_a_refusal_is_not_hammered(script: Scripted, status: int, caplog: pytest.LogCaptureFixture) -> None:
    """A server that says no is asked once, not again and again; the reason is told once and kept in stats."""
    script.answer = lambda asked: (
        Reply(status, {"status": status, "error": {"code": "no", "message": "never ever"}})
        if asked.path.endswith("/logs/batch")
        else None
    )
    client = Tora.create_experiment("refused", server_url=script.url, max_buffer_len=1)
    client.log("loss", 1.0)
    until(lambda: client.stats.error, "error")
    for _ in range(100):
        client.log("loss", 2.0)
    stats = client.stats
    assert (stats.logged, stats.stored, stats.waiting) == (101, 0, 101)
    assert "never ever" in str(stats.error)
    assert len(script.batches()) == 1
    assert len(warnings(caplog)) == 1
    stats = client.shutdown()
    assert stats.waiting == 101
    assert len(script.batches()) == 2, "the end is worth one more try"
    assert "tora sync" in warnings(caplog)[-1]


def test_a_flush_does_not_wait_for_the_backoff(script: Scripted) -> None:
    """When the server is back, flush delivers at once, however long the next try was away."""
    broken = True
    script.answer = lambda asked: Reply(503, FAILURE) if broken and asked.path.endswith("/logs/batch") else None
    with Tora.create_experiment("hurried", server_url=script.url, max_buffer_len=1) as client:
        client.log("loss", 1.0)
        until(lambda: len(script.batches()) >= 4, "fourth try")
        broken = False
        stats = client.flush(timeout=10)
    assert (stats.stored, stats.error) == (1, None)


def test_flush_is_bounded(script: Scripted) -> None:
    """With a server that never takes a batch, flush returns in its time and says what waits and why."""
    script.answer = lambda asked: Reply(503, FAILURE) if asked.path.endswith("/logs/batch") else None
    client = Tora.create_experiment("bounded", server_url=script.url)
    client.log("loss", 1.0)
    stats = client.flush(timeout=0.3)
    assert (stats.stored, stats.waiting) == (0, 1)
    assert "come back later" in str(stats.error)
    stats = client.shutdown(timeout=0.3)
    assert (stats.waiting, client.is_closed) == (1, True)


@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf"), "1", True])
def test_a_timeout_is_a_number_of_seconds(script: Scripted, wrong: object) -> None:
    """What is no time limit is refused."""
    with Tora.create_experiment("timeless", server_url=script.url) as client:
        with pytest.raises(tora.ToraValidationError, match="timeout"):
            client.flush(timeout=wrong)  # type: ignore[arg-type]


def test_a_fast_loop_makes_few_requests(script: Scripted) -> None:
    """With `max_buffer_len=1` the first metric leaves at once; those that come meanwhile share requests."""
    with Tora.create_experiment("fast", server_url=script.url, max_buffer_len=1) as client:
        for step in range(5000):
            client.log("loss", 1.0, step)
        client.flush()
    assert len(script.metrics()) == 5000
    assert len(script.batches()) < 500


def test_any_success_is_a_success(script: Scripted) -> None:
    """A batch counts as stored at any 2xx, whatever the body says."""
    script.answer = lambda asked: Reply(204) if asked.path.endswith("/logs/batch") else None
    with Tora.create_experiment("tolerant", server_url=script.url) as client:
        client.log("loss", 1.0)
        stats = client.flush()
    assert stats.stored == 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(400, FAILURE), tora.ToraValidationError),
        (Reply(422, FAILURE), tora.ToraValidationError),
        (Reply(401, FAILURE), tora.ToraAuthenticationError),
        (Reply(403, FAILURE), tora.ToraAuthenticationError),
        (Reply(404, FAILURE), tora.ToraExperimentError),
        (Reply(418, FAILURE), tora.ToraAPIError),
        (Reply(500, FAILURE), tora.ToraAPIError),
        (Reply(302, FAILURE, {"Location": "/login"}), tora.ToraAPIError),
        (Reply(200, b"<html>hello"), tora.ToraAPIError),
        (Reply(200, {"data": {"name": "no id"}}), tora.ToraAPIError),
        (Reply(200, {"data": []}), tora.ToraAPIError),
        (Reply(200, []), tora.ToraAPIError),
        (Reply(0), tora.ToraNetworkError),
    ],
    ids=lambda value: str(getattr(value, "status", getattr(value, "__name__", value))),
)
def test_loading_raises_what_went_wrong(script: Scripted, reply: Reply, error: type[tora.ToraError]) -> None:
    """Each answer other than an experiment is the error that the protocol names, with the call in its message."""
    script.answer = lambda _: reply
    with pytest.raises(error) as raised:
        Tora.load_experiment("scripted", server_url=script.url)
    assert type(raised.value) is error
    assert f"GET {script.url}/experiments/scripted" in str(raised.value)
    if isinstance(raised.value, tora.ToraAPIError):
        assert raised.value.status == reply.status


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_minimal_answer_is_enough(script: Scripted, status: int) -> None:
    """An answer with ``data.id`` alone is an experiment; its address follows from the server's."""
    script.answer = lambda asked: (
        Reply(status, {"data": {"id": "abc", "new": {"field": 1}}}) if asked.path == "/experiments" else None
    )
    with Tora.create_experiment("minimal", server_url=f"{script.url}/") as client:
        assert client.experiment_id == "abc"
        assert client.url == f"{script.url}/e/abc"


def test_no_call_precedes_the_creation(script: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first request is POST /experiments, and every later one is in the protocol's table."""
    monkeypatch.setenv("TORA_CONTEXT", "off")
    with Tora.create_experiment("first", server_url=script.url, api_key="secret") as client:
        client.log("loss", 1.0)
    assert [(asked.method, asked.path) for asked in script.asked] == [
        ("POST", "/experiments"),
        ("POST", "/experiments/scripted/logs/batch"),
        ("PATCH", "/experiments/scripted"),
    ]
    assert {asked.headers["x-api-key"] for asked in script.asked} == {"secret"}
