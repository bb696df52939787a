"""Console lines come in once each, are read page by page, and go with their experiment."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.conftest import Call
from tests.server.test_experiments import create
from tora import validation


def lines(*texts: str, stream: str = "stdout") -> list[dict[str, Any]]:
    """Return lines as the protocol has them."""
    return [{"time": 1.75e9 + at, "stream": stream, "text": text} for at, text in enumerate(texts)]


def texts(call: Call, experiment: str, query: str = "") -> list[str]:
    """Return the texts of a page."""
    return [item["text"] for item in call("GET", f"/experiments/{experiment}/console{query}").json()["data"]["items"]]


def test_lines_are_stored_once(call: Call) -> None:
    """A chunk that comes again, whole or in part, adds what is new; another writer counts for itself."""
    path = f"/experiments/{create(call, name='console')['id']}/console"
    first = call("POST", path, {"writer": "a", "first": 1, "lines": lines("one", "two")})
    assert (first.status, first.json()["data"]) == (201, {"accepted": 2, "through": 2})
    again = call("POST", path, {"writer": "a", "first": 1, "lines": lines("one", "two", "three")})
    assert again.json()["data"] == {"accepted": 3, "through": 3}
    assert call("POST", path, {"writer": "a", "first": 2, "lines": lines("two")}).json()["data"]["through"] == 3
    call("POST", path, {"writer": "b", "first": 1, "lines": lines("other", stream="stderr")})
    items = call("GET", path).json()["data"]["items"]
    assert [(one["writer"], one["stream"], one["text"]) for one in items] == [
        ("a", "stdout", "one"),
        ("a", "stdout", "two"),
        ("a", "stdout", "three"),
        ("b", "stderr", "other"),
    ]
    assert items[0]["time"] == 1.75e9


def test_lines_are_read_page_by_page(call: Call) -> None:
    """From the first on with ``after``, or the last ones with ``before``; each page says where the next one begins."""
    experiment = create(call, name="pages")["id"]
    path = f"/experiments/{experiment}/console"
    assert call("GET", path).json()["data"] == {"items": [], "next": None}
    call("POST", path, {"writer": "a", "first": 1, "lines": lines(*map(str, range(25)))})
    page = call("GET", f"{path}?limit=10").json()["data"]
    assert [item["text"] for item in page["items"]] == [str(number) for number in range(10)]
    assert texts(call, experiment, f"?limit=20&after={page['next']}") == [str(number) for number in range(10, 25)]
    last = call("GET", f"{path}?limit=5&before={2**53}").json()["data"]
    assert [item["text"] for item in last["items"]] == ["20", "21", "22", "23", "24"]
    assert last["next"] is None
    assert texts(call, experiment, f"?limit=2&before={last['items'][0]['number']}") == ["18", "19"]


def test_text_is_kept_as_it_was_printed(call: Call) -> None:
    """Markup, colours and any script come back as they were; a NUL, which not every database holds, is replaced."""
    experiment = create(call, name="text")["id"]
    odd = ["<b>&amp;</b>", "\x1b[31mred\x1b[0m\t\u202e", "", "👩‍👩‍👧‍👦", "a\x00b"]
    call("POST", f"/experiments/{experiment}/console", {"writer": "a", "first": 1, "lines": lines(*odd)})
    assert texts(call, experiment) == [*odd[:-1], "a\ufffdb"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"writer": "a", "first": 0, "lines": []}, "first"),
        ({"writer": "a b", "first": 1, "lines": []}, "writer"),
        ({"writer": "a", "first": 1, "lines": lines("x", stream="out")}, "stream"),
        ({"writer": "a", "first": 1, "lines": lines("x" * 10_001)}, "lines[0].text"),
        ({"writer": "a", "first": 1, "lines": [{"time": -1, "stream": "stdout", "text": ""}]}, "time"),
        ({"writer": "a", "first": 1, "lines": lines("x") * 1_001}, "lines"),
    ],
)
def test_what_is_wrong_is_named(call: Call, body: dict[str, Any], said: str) -> None:
    """A chunk beyond a limit is refused as a whole, with the field."""
    experiment = create(call, name="wrong")["id"]
    refused = call("POST", f"/experiments/{experiment}/console", body)
    assert refused.status == 400
    assert said in refused.json()["error"]["message"]
    assert texts(call, experiment) == []


def test_a_console_is_bounded(call: Call) -> None:
    """An experiment that has 10 MB of text takes no more, whoever sends it."""
    path = f"/experiments/{create(call, name='full')['id']}/console"
    chunk = lines(*["x" * 9_999] * 100)
    sent = 0
    while (answer := call("POST", path, {"writer": "a", "first": 1 + 100 * sent, "lines": chunk})).status == 201:
        sent += 1
    assert sent == validation.MAX_CONSOLE_BYTES // 1_000_000
    assert (answer.status, answer.json()["error"]["code"]) == (413, "too_large")
    assert call("POST", path, {"writer": "b", "first": 1, "lines": lines("y")}).status == 413
    assert call("POST", path, {"writer": "a", "first": 1, "lines": chunk}).status == 201, "what is known is taken"


def test_a_console_goes_with_its_experiment(call: Call) -> None:
    """Who deletes an experiment deletes what it printed, and an experiment of the same id begins with nothing."""
    create(call, name="gone", id="console-gone")
    call("POST", "/experiments/console-gone/console", {"writer": "a", "first": 1, "lines": lines("secret")})
    assert call("DELETE", "/experiments/console-gone").status == 200
    assert call("GET", "/experiments/console-gone/console").status == 404
    create(call, name="again", id="console-gone")
    assert texts(call, "console-gone") == []
