"""One run of schemathesis as one caller, and what came of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import schemathesis
from attrs import field, frozen
from schemathesis.engine import events, from_schema

from tests.fuzz.streams import beginning_of_stream
from tests.fuzz.world import World
from tests.support import http
from tests.support.serving import Server

__all__ = ["Outcome", "run"]

_GONE: Final = "gone"
_CHANGING: Final = frozenset({"PUT", "PATCH", "DELETE"})

CHECKS: Final[Mapping[str, Any]] = {
    # What a schema cannot say is refused too: a filter's grammar, a cursor, a password that is the name, a
    # hyperparameter that comes twice, bytes of JSON. So valid by the schema is not always taken.
    "positive_data_acceptance": {"enabled": False},
    # A body that is too large is refused for that, before anybody looks into it.
    "negative_data_rejection": {"expected-statuses": ["400", "401", "403", "404", "405", "409", "413", "415", "429"]},
}


@frozen
class Outcome:
    """What a run found.

    Attributes:
        requests: How many there were of each operation and status.
        failures: What was wrong, each once, with how to see it again.
    """

    requests: Counter[tuple[str, str]] = field(factory=Counter)
    failures: dict[str, str] = field(factory=dict)


def run(
    server: Server,
    world: World,
    key: str | None,
    *,
    examples: int,
    seed: int,
    phases: Sequence[str],
    document: Any = None,
) -> Outcome:
    """Send generated requests as one caller.

    Args:
        server: A server that was populated.
        world: What is on it.
        key: The caller's key; None for nobody's.
        examples: How many requests hypothesis makes for each operation, and how many chains of them.
        seed: What the generated requests depend on.
        phases: Which phases of schemathesis.
        document: A description in place of the server's own.
    """
    document = document or http.request("GET", f"{server.url}/openapi.json", key=server.key).json()
    config = schemathesis.Config.from_dict(_config(server, world, key, examples, seed, phases))
    schema = schemathesis.openapi.from_dict(_closed(document), config=config)
    outcome = Outcome()

    @schema.hook
    def after_call(_: Any, case: Any, response: Any) -> None:
        outcome.requests[f"{case.method} {case.operation.path}", str(response.status_code)] += 1

    @schema.hook
    def after_network_error(_: Any, case: Any, __: Any) -> None:
        outcome.requests[f"{case.method} {case.operation.path}", "none"] += 1

    for event in from_schema(schema).execute():
        _read(event, outcome)
    return outcome


@schemathesis.hook
def before_call(_: Any, case: Any, options: Any) -> None:
    """Keep what the run stands on: the editor and their key; read the beginnings of streams alone."""
    options["hooks"] = {"response": beginning_of_stream}
    kept = _KEPT.intersection(map(str, (case.path_parameters or {}).values()))
    if kept and case.method.upper() in _CHANGING:
        case.path_parameters = {name: _GONE if value in kept else value for name, value in case.path_parameters.items()}


_KEPT: Final[set[str]] = set()


def _read(event: Any, outcome: Outcome) -> None:
    match event:
        case events.ScenarioFinished():
            for case_id, checks in event.recorder.checks.items():
                for check in checks:
                    if check.failure_info is not None:
                        failure = check.failure_info.failure
                        name = f"{check.name}: {failure.operation}: {failure.title}"
                        told = (
                            f"{failure.message}\n{check.failure_info.code_sample}\n{_answer(event.recorder, case_id)}"
                        )
                        outcome.failures.setdefault(name, told)
        case events.NonFatalError():
            outcome.failures.setdefault(f"error: {event.label}: {event.info.title}", event.info.format())
        case events.FatalError():
            raise event.exception
        case _:
            pass


def _answer(recorder: Any, case_id: str) -> str:
    response = recorder.find_response(case_id=case_id)
    return "" if response is None else f"{response.status_code} {response.content[:300]!r}"


def _closed(document: Any) -> Any:
    """Return the description with no room for fields that it does not name: one that nobody described is a fault."""
    found = json.loads(json.dumps(document))

    def close(node: Any) -> None:
        if isinstance(node, dict):
            if "properties" in node and node.get("type") == "object":
                node.setdefault("additionalProperties", False)
            for each in node.values():
                close(each)
        elif isinstance(node, list):
            for each in node:
                close(each)

    close(found)
    return found


def _config(
    server: Server, world: World, key: str | None, examples: int, seed: int, phases: Sequence[str]
) -> dict[str, Any]:
    def bound(name: str) -> dict[str, Any]:
        return {"dictionary": name, "probability": 0.8}

    _KEPT.update(world.kept)
    dictionaries = {name: {"values": list(values)} for name, values in world.ids.items()}
    return {
        "base-url": server.url,
        "seed": seed,
        "headers": {} if key is None else {"x-api-key": key},
        "request-timeout": 20,
        "continue-on-failure": True,
        "checks": CHECKS,
        "generation": {"deterministic": True, "max-examples": examples, "with-security-parameters": key is None},
        "phases": {name: {"enabled": name in phases} for name in ("examples", "coverage", "fuzzing", "stateful")},
        "dictionaries": dictionaries,
        "parameters": {f"path.{name}": bound(name) for name in ("user", "key", "share", "invitation")}
        | {"query.workspace": bound("workspaces.id"), "body.workspaceId": bound("workspaces.id")},
        "operations": [
            {"include-path-regex": f"^/{part}/{{id}}", "parameters": {"path.id": bound(f"{part}.id")}}
            for part in ("experiments", "workspaces")
        ]
        + [
            {"include-path": path, "parameters": {name: bound(values)}}
            for path, name, values in (
                ("/workspaces/{id}/members/{user}", "path.user", "member"),
                ("/session", "body.token", "share.token"),
                ("/invitations", "body.token", "invitation.token"),
                ("/password", "body.current", "password"),
            )
        ],
    }
