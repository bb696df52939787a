"""Plain HTTP from the standard library, so that a test of the server depends on no client of Tora's."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from attrs import frozen

__all__ = ["Answer", "data", "keys_of_a_test", "request", "summaries", "use_key"]

# Without proxies: a test talks to 127.0.0.1 alone, whatever the environment says.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


_keys: dict[str, str] = {}


def use_key(url: str, key: str) -> None:
    """Send a key to a server until the test ends, wherever a request names none; local servers ask for one."""
    _keys[url] = key


@contextmanager
def keys_of_a_test() -> Iterator[None]:
    """Forget at the end of the block what `use_key` was told in it: other tests come to the same server without."""
    before = dict(_keys)
    try:
        yield
    finally:
        _keys.clear()
        _keys.update(before)


@frozen
class Answer:
    """What a server answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body's JSON."""
        return json.loads(self.body)


def request(
    method: str,
    url: str,
    body: object = None,
    *,
    key: str | None = None,
    writer: str | None = None,
    timeout: float = 30,
) -> Answer:
    """Send one request; ``body`` is sent as JSON unless it is bytes. Any status is an answer, not an error.

    Without a key, the one of `use_key` is sent; an empty one sends none.
    """
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if key is None:
        key = _keys.get("/".join(url.split("/", 3)[:3]))
    if key:
        headers["x-api-key"] = key
    if writer is not None:
        headers["x-tora-writer"] = writer
    payload = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    made = urllib.request.Request(url, payload, headers, method=method)
    try:
        with _OPENER.open(made, timeout=timeout) as response:
            return Answer(response.status, _lowered(response.headers), response.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return Answer(refusal.code, _lowered(refusal.headers), refusal.read())


def data(url: str, *, key: str | None = None) -> Any:
    """Return ``data`` of a GET that must succeed."""
    answer = request("GET", url, key=key)
    if answer.status != 200:
        raise AssertionError(f"GET {url}: {answer.status} {answer.body[:500]!r}")
    return answer.json()["data"]


def summaries(server_url: str, experiment_id: str, key: str | None = None) -> dict[str, dict[str, Any]]:
    """Return the server's summary of each metric of an experiment, by the metric's name."""
    found = data(f"{server_url}/experiments/{experiment_id}/metrics", key=key)
    items = found["items"] if isinstance(found, dict) else found
    return {item["name"]: item for item in items}


def _lowered(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
