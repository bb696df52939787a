"""Expressions that lists are filtered by: what they mean, and that no text does harm."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tora.errors import ToraValidationError
from tora.models import Summary
from tora.server.catalog import Outline
from tora.server.listing.matching import matches
from tora.server.listing.parsing import MAX_DEPTH, MAX_LENGTH, parse
from tora.server.listing.subject import Subject
from tora.server.listing.tree import All

CREATED = int(dt.datetime(2026, 3, 5, 12, tzinfo=dt.UTC).timestamp() * 1e6) + 123_000
PARAMS: dict[str, Any] = {
    "lr": 0.001,
    "layers": 4,
    "optimizer": "Adam",
    "amp": True,
    "seed": "7",
    "decay": None,
    "limit": "Infinity",
    "widths": [64, 32],
    "clip.max": 5,
    "top k": 5,
    "a`b": 1,
    "name": "in params",
    "and": 1,
}


def _summary(name: str, **fields: Any) -> Summary:
    given = {"count": 10, "last": 0.5, "min": 0.1, "max": 0.9, "first_step": 0, "last_step": 9}
    return Summary(name, **{**given, "non_finite": 0, "writers": 1, **fields})


METRICS = {
    "acc": _summary("acc"),
    "val/top-1": _summary("val/top-1", last=0.75),
    "loss": _summary("loss", last=math.nan, min=None, max=None),
    "lr": _summary("lr", last=100.0),
}
SUBJECT = Subject(
    Outline("id-1", "ResNet 50", "running", None, CREATED, CREATED, None, PARAMS, ("baseline", "Größe")),
    "lost",
    90.5,
    METRICS,
)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "  ",
            "lr < 0.01",
            "lr<0.01",
            "lr <= 1e-3",
            "lr == .001",
            "lr = 0.0010",
            "layers >= 4",
            "layers != 5",
            "layers > -1",
        ),
        *("lr < 0.01 and acc.max > 0.8", "lr > 1 or acc > 0.4", "not lr > 1", "NOT (lr > 1 OR layers = 5)", "((lr<1))"),
        *(
            "acc = 0.5",
            "acc.last = 0.5",
            "acc.min <= 0.1",
            "acc.count = 10",
            "metrics.acc.max = 0.9",
            "metrics.acc = 0.5",
        ),
        *("metrics.lr.last = 100", "lr.last = 100", "params.lr = 0.001", "params.name = 'in params'", "clip.max = 5"),
        *("val/top-1 = 0.75", "val/top-1.last = 0.75", "`top k` = 5", "params.`top k` = 5", "`a``b` = 1", "`and` = 1"),
        *(
            "optimizer = Adam",
            "optimizer ~ ADAM",
            "optimizer != sgd",
            "optimizer < Z",
            'optimizer = "Adam"',
            "optimizer ~ 'da'",
        ),
        *(
            "amp = true",
            "amp != false",
            "amp != 1",
            "seed = 7",
            "seed ~ 7",
            "widths = '[64,32]'",
            "widths ~ 64",
            "layers ~ 4",
        ),
        *(
            "decay = null",
            "nothing = null",
            "lr != null",
            "limit = inf",
            "limit > 1e308",
            "loss.last = nan",
            "loss != 1",
        ),
        *("loss.max = null", "name ~ resnet", "name = 'ResNet 50'", "id = id-1", "status = lost", "status != running"),
        *(
            "tag = baseline",
            "tag = Größe",
            "tag ~ GRÖS",
            "tag != other",
            "tag != null",
            "duration > 90",
            "duration = 90.5",
        ),
        *("created = 2026-03-05", "created >= 2026-03-05", "created < 2026-03-06", "created <= 2026-03-05"),
        *("created = 2026-03-05T12:00:00.123Z", "created > '2026-03-05T14:00:00+03:00'", "created != 2026-03-04"),
        "lr > 5 and nothing = 1 or layers = 4",
        "not not lr < 1 and not (layers < 4 or layers > 4)",
    ],
)
def test_what_is_true(text: str) -> None:
    """Each of these expressions is true of the experiment above."""
    assert matches(parse(text), SUBJECT)


@pytest.mark.parametrize(
    "text",
    [
        *("lr > 0.01", "nothing < 1", "nothing > 1", "nothing != 1", "nothing != null", "nothing ~ ''", "decay = 0"),
        *(
            "optimizer > 1",
            "optimizer < 1",
            "optimizer = adam",
            "layers < many",
            "amp = 1",
            "lr = null",
            "loss.max > 0",
        ),
        *("loss < 1", "loss > 1", "loss = 1", "tag = base", "tag != baseline", "tag = null", "status = running"),
        *(
            "not lr < 1",
            "lr < 1 and layers = 5",
            "created > 2026-03-05",
            "created < 2026-03-05",
            "widths < 100",
            "name = null",
        ),
    ],
)
def test_what_is_false(text: str) -> None:
    """Each of these expressions is false of the experiment above."""
    assert not matches(parse(text), SUBJECT)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr", "expected one of < <= > >= = != ~, at character 3, got the end"),
        ("lr <", "expected a value.*, at character 5, got the end"),
        ("lr < and", "expected a value.*, at character 6, got 'and'"),
        ("lr < 1 layers = 4", "expected 'and', 'or' or the end, at character 8, got 'layers = 4'"),
        ("(lr < 1", r"expected '\)', at character 8"),
        ("lr < 1)", "expected 'and', 'or' or the end, at character 7"),
        ("and = 1", "expected a name, at character 1"),
        ("lr < 1 and", "expected a name, at character 11"),
        ("lr => 1", "expected a value.*, at character 5"),
        ("name = 'x", "expected a value.*, at character 8"),
        ("`x = 1", "expected a name, at character 1"),
        ("`` = 1", "a name may not be empty, at character 1"),
        ("params. = 1", "a name may not be empty, at character 1"),
        ("lr < null", "null can be compared with = and != alone, at character 6"),
        ("created > yesterday", "created is compared with a date.*, at character 11"),
        ("duration > long", "duration is compared with a number of seconds, at character 12"),
        ("status = runing", "status is one of running, .*, at character 10"),
        ("(" * (MAX_DEPTH + 1) + "lr < 1", "nested more than 50 deep"),
        ("not " * (MAX_DEPTH + 1) + "lr < 1", "nested more than 50 deep"),
        ("x" * (MAX_LENGTH + 1), "may have at most 1,000 characters, got 1,001"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, message: str) -> None:
    """The message says what was expected, and at which character."""
    with pytest.raises(ToraValidationError, match=f"^filter.*{message}"):
        parse(text)


def test_a_blank_expression_is_no_condition() -> None:
    """It is the tree that is true of everything, so that the catalog can make the list alone."""
    assert parse(" \t") == All(())


def test_a_long_expression_at_its_bounds_is_taken() -> None:
    """As many brackets as are allowed, and as many parts as fit."""
    assert matches(parse("(" * (MAX_DEPTH - 1) + "lr<1" + ")" * (MAX_DEPTH - 1)), SUBJECT)
    assert matches(parse(" or ".join(["lr<1"] * 120)), SUBJECT)


_TOKENS = st.sampled_from(
    [
        *(
            "lr",
            "acc.max",
            "created",
            "duration",
            "status",
            "tag",
            "name",
            "`x",
            "`",
            "and",
            "or",
            "not",
            "(",
            ")",
            "<",
            "<=",
        ),
        *(
            "=",
            "==",
            "!=",
            "~",
            "null",
            "true",
            "nan",
            "-inf",
            "1e999",
            "9" * 400,
            "'",
            '"',
            "'a'",
            "\\",
            ".",
            "params.",
            "0",
        ),
        *(
            "2026-02-30",
            "2026-03-05",
            "0001-01-01T00:00+23:59",
            "9999-12-31",
            "lost",
            " ",
            "\n",
            "\x00",
            "\ud800",
            "\N{ARABIC-INDIC DIGIT ONE}",
            "é",
        ),
    ]
)


@given(
    st.text(max_size=60) | st.lists(_TOKENS, max_size=30).map(" ".join) | st.lists(_TOKENS, max_size=12).map("".join)
)
def test_no_text_does_harm(text: str) -> None:
    """Whatever is written is refused as wrong, or is true or false."""
    try:
        tree = parse(text)
    except ToraValidationError:
        return
    assert matches(tree, SUBJECT) in {True, False}
