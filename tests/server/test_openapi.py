"""What the server says of itself is complete: answers, refusals and limits. `tests/fuzz` holds it to that."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.server.conftest import Call, refusal
from tests.support.source import modules, text
from tora import fields, validation
from tora.errors import ToraValidationError
from tora.server import naming
from tora.server.openapi.statuses import STATUSES
from tora.server.routes import ROUTES

PROTOCOL = [route for route in ROUTES if not route.for_people]


@pytest.fixture
def document(call: Call) -> Any:
    """The description of a running server."""
    return call("GET", "/openapi.json").json()


@pytest.mark.parametrize("route", PROTOCOL, ids=lambda route: f"{route.method} {route.path}")
def test_each_call_says_what_it_answers(route: Any) -> None:
    """A call declares either what is under ``data`` or its content types."""
    assert (route.data is None) != (not route.produces)


def test_the_description_holds_together(document: Any) -> None:
    """No call shares another's name, and what is referred to is there."""
    operations = [one for path in document["paths"].values() for one in path.values()]
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names))
    for kind, name in set(re.findall(r"#/components/(\w+)/(\w+)", str(document))):
        assert name in document["components"][kind]
    for one in operations:
        assert {"400", "401", "429", "500"} <= one["responses"].keys()
        assert all(each.get("description") for each in one["parameters"] if each["in"] == "path")


def test_each_refusal_is_described() -> None:
    """Every status and code that the source refuses with is in the description."""
    source = "".join(module.path.read_text() for name, module in modules().items() if name.startswith("tora.server"))
    raised = {(int(status), code) for status, code in re.findall(r'Refusal\(\s*(\d{3}),\s*"(\w+)"', source)}
    assert len(raised) > 10
    described = {(status, code) for status, each in STATUSES.items() for code in each.codes}
    assert raised <= described


def test_each_refusal_is_documented() -> None:
    """The table of statuses in docs/protocol.md names the same codes."""
    table = text("docs/protocol.md").partition("\n## Statuses\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d{3}) \| ([^|]+) \|", table, re.MULTILINE)
    assert {int(status): set(re.findall(r"`(\w+)`", codes)) for status, codes in rows} == {
        status: set(each.codes) for status, each in STATUSES.items()
    }


@pytest.mark.parametrize("path", ["/health", "/experiments", "/experiments/{id}", "/workspaces"])
def test_the_head_of_an_answer_can_be_had_alone(call: Call, experiment: str, path: str) -> None:
    """HEAD is GET without the body."""
    path = path.format(id=experiment)
    whole, head = call("GET", path), call("HEAD", path)
    assert (head.status, head.body) == (whole.status, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]


@pytest.mark.parametrize("path", ["/events", "/experiments/{id}/events", "/experiments/{id}/export"])
def test_a_stream_has_no_head_alone(call: Call, experiment: str, path: str) -> None:
    """Streams and files are not begun for their head."""
    answer = call("HEAD", path.format(id=experiment))
    assert answer.status == 405
    assert answer.headers["allow"] == "GET"


def test_a_query_cannot_say_null(call: Call) -> None:
    """The word null is refused where it is no text, and not taken for nothing."""
    assert "leave it out" in refusal(call("GET", "/experiments?status=null"), 400, "validation")
    assert call("GET", "/experiments?q=null").status == 200


_LIMITS = {
    "label": (fields.Label, validation.experiment_name),
    "id": (fields.Id, validation.experiment_id),
    "metric": (fields.MetricName, validation.metric_name),
    "prose": (fields.Prose, validation.description),
    "description": (fields.Description, validation.workspace_description),
    "user": (naming.UserName, naming.user_name),
}


@pytest.mark.parametrize("name", _LIMITS)
@given(value=st.text(max_size=12) | st.integers(0, 12_000).map(lambda size: "x" * size))
@example(value="")
@example(value=" a\u001f")
@example(value="a\u0085b")
@example(value="\u00a0")
@example(value="x" * 64)
@example(value="x" * 65)
@example(value="x" * 255)
@example(value="x" * 256)
def test_a_described_limit_is_the_one_that_is_checked(name: str, value: str) -> None:
    """The schema of a field takes what its check takes, and nothing else."""
    annotation, check = _LIMITS[name]
    assert _taken(annotation, value) == _passes(check, value)


def _taken(annotation: Any, value: str) -> bool:
    schema = get_args(annotation)[1].extra_json_schema
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength", len(value))
    pattern = schema.get("pattern", ".*").removeprefix("^").removesuffix("$")
    return shortest <= len(value) <= longest and re.fullmatch(pattern, value, re.DOTALL) is not None


def _passes(check: Callable[[str], object], value: str) -> bool:
    try:
        check(value)
    except ToraValidationError:
        return False
    return True
