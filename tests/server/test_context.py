"""What made a run is stored with its experiment, merged key by key, and shown with the one experiment alone."""

from __future__ import annotations

from typing import Any

from tests.server.conftest import Call
from tests.server.test_experiments import create

GIT = {"commit": "9f2c1e7", "dirty": True}


def test_a_context_is_merged_by_key(call: Call) -> None:
    """Keys that are given replace those of the same name; the others stay."""
    made = create(call, name="context", context={"host": "a", "git": {"commit": "0"}})
    path = f"/experiments/{made['id']}"
    assert made["context"] == {"host": "a", "git": {"commit": "0"}}
    changed = call("PATCH", path, {"context": {"git": GIT, "cpus": 2}}).json()["data"]["context"]
    assert changed == {"host": "a", "git": GIT, "cpus": 2}
    assert call("GET", path).json()["data"]["context"] == changed
    assert call("PATCH", path, {"notes": "x"}).json()["data"]["context"] == changed


def test_an_experiment_has_no_context_by_itself(call: Call) -> None:
    """Without one an experiment has an empty one, and lists show none at all."""
    made = create(call, name="without")
    assert made["context"] == {}
    call("PATCH", f"/experiments/{made['id']}", {"context": {"host": "a"}})
    (item,) = call("GET", f"/experiments?id={made['id']}").json()["data"]["items"]
    assert "context" not in item


def test_telling_a_context_is_no_change_of_the_record(call: Call) -> None:
    """What a client tells by itself does not make an experiment seem changed by somebody."""
    made = create(call, name="unchanged")
    told = call("PATCH", f"/experiments/{made['id']}", {"context": {"host": "a"}}).json()["data"]
    assert told["updatedAt"] == made["updatedAt"]


def test_a_context_is_bounded(call: Call) -> None:
    """It may have 100,000 bytes in all, at once or in parts; what is refused leaves it as it was."""
    path = f"/experiments/{create(call, name='large')['id']}"
    assert call("PATCH", path, {"context": {"a": "x" * 60_000}}).status == 200
    large: list[dict[str, Any]] = [{"b": "x" * 60_000}, {"b": "x" * 100_000}, {"b": [[[]]] * 60_000}]
    for more in large:
        refused = call("PATCH", path, {"context": more, "notes": "never"})
        assert refused.status == 400
        assert "100,000 bytes" in refused.json()["error"]["message"]
    found = call("GET", path).json()["data"]
    assert (found["context"].keys(), found["notes"]) == ({"a"}, None)
    assert call("PATCH", path, {"context": "host"}).status == 400
