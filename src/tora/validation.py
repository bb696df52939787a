"""The limits of the protocol: a value goes in, the value to use or ToraValidationError comes out.

One module serves both sides: the client checks before it sends, the server before it stores. The
table of limits is in ``docs/protocol.md``.
"""

from __future__ import annotations

import math
import numbers
import operator
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, SupportsFloat, SupportsIndex, cast

import msgspec

from tora.errors import ToraValidationError

__all__ = [
    "MAX_BATCH_BYTES",
    "MAX_BATCH_METRICS",
    "context",
    "description",
    "experiment_id",
    "experiment_name",
    "hyperparams",
    "label_name",
    "labels",
    "max_buffer_len",
    "metadata",
    "metric_name",
    "metric_value",
    "step",
    "tags",
    "timeout",
    "workspace_description",
    "workspace_id",
    "workspace_name",
    "writer_id",
]

MAX_NAME: Final = 255
MAX_DESCRIPTION: Final = 10_000
MAX_WORKSPACE_DESCRIPTION: Final = 1_000
MAX_METRIC_NAME: Final = 250
MAX_METADATA_BYTES: Final = 10_000
MAX_TAGS: Final = 50
MAX_TAG: Final = 50
MAX_HYPERPARAMS: Final = 1_000
MAX_HYPERPARAM_KEY: Final = 250
MAX_HYPERPARAM_BYTES: Final = 10_000
MAX_CONTEXT_BYTES: Final = 100_000
MAX_CONSOLE_BYTES: Final = 10_000_000
MAX_CONSOLE_LINES: Final = 10_000
MAX_CONSOLE_CHUNK: Final = 1_000
MAX_CONSOLE_LINE: Final = 10_000
MAX_LABELS: Final = 16
MAX_LABEL_NAME: Final = 50
MAX_LABEL_VALUE: Final = 100
MAX_STEP: Final = 2**63 - 1
MAX_BATCH_METRICS: Final = 10_000
MAX_BATCH_BYTES: Final = 10 * 1024 * 1024
LATEST: Final = 253_402_300_799.0  # the last second of the year 9999: beyond it no calendar shows a time
MAX_ID: Final = 64
MAX_DEPTH: Final = 50  # of JSON in JSON; parsers have bounds of their own

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# Prose may hold tabs and line ends; a lone surrogate cannot be written as UTF-8 anywhere.
_CONTROL_IN_PROSE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def shown(value: object) -> str:
    """Return a short form of what was given, for an error message."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:60]}… ({len(text)} characters)"


def _text(field: str, value: object, longest: int, *, prose: bool = False) -> str:
    if not isinstance(value, str):
        raise ToraValidationError(f"{field} must be a string, got {type(value).__name__}: {shown(value)}")
    if len(value) > longest:
        raise ToraValidationError(f"{field} may have at most {longest:,} characters, got {len(value):,}")
    bad = (_CONTROL_IN_PROSE if prose else _CONTROL).search(value)
    if bad:
        raise ToraValidationError(
            f"{field} must not contain control characters, got {bad.group()!r} at position {bad.start()}"
        )
    return str.__str__(value)  # numpy.str_ and the like become plain strings


def _label(field: str, value: object, longest: int) -> str:
    # Tags and names of experiments and workspaces are typed by people: blanks around them are slips.
    text = _text(field, value.strip() if isinstance(value, str) else value, longest)
    if not text:
        raise ToraValidationError(f"{field} must have 1 to {longest:,} characters, got an empty one")
    return text


def experiment_name(value: object) -> str:
    """Return the experiment's name without blanks around it."""
    return _label("experiment name", value, MAX_NAME)


def workspace_name(value: object) -> str:
    """Return the workspace's name without blanks around it."""
    return _label("workspace name", value, MAX_NAME)


def description(value: object) -> str | None:
    """Return the experiment's description, or None."""
    return None if value is None else _text("description", value, MAX_DESCRIPTION, prose=True)


def notes(value: object) -> str | None:
    """Return the experiment's notes, or None."""
    return None if value is None else _text("notes", value, MAX_DESCRIPTION, prose=True)


def workspace_description(value: object) -> str | None:
    """Return the workspace's description, or None."""
    if value is None:
        return None
    return _text("workspace description", value, MAX_WORKSPACE_DESCRIPTION, prose=True)


def _identifier(field: str, value: object) -> str:
    text = value.strip() if isinstance(value, str) else value
    if not isinstance(text, str) or not _ID.fullmatch(text):
        raise ToraValidationError(
            f"{field} must be 1 to {MAX_ID} letters, digits, hyphens or underscores, got {shown(value)}"
        )
    return text


def experiment_id(value: object) -> str:
    """Return the id of an experiment."""
    return _identifier("experiment_id", value)


def workspace_id(value: object) -> str | None:
    """Return the id of a workspace, or None."""
    return None if value is None else _identifier("workspace_id", value)


def writer_id(value: object) -> str:
    """Return the id of a writer."""
    return _identifier("writer", value)


def metric_name(value: object) -> str:
    """Return the metric's name."""
    name = _text("metric name", value, MAX_METRIC_NAME)
    if not name.strip():
        raise ToraValidationError(
            f"metric name must have 1 to {MAX_METRIC_NAME} characters that are not all blank, got {shown(name)}"
        )
    return name


def metric_value(value: object) -> float:
    """Return the metric's value as a double; numpy and torch scalars, Decimal and Fraction are taken."""
    is_complex = isinstance(value, numbers.Complex) and not isinstance(value, numbers.Real)
    is_text = isinstance(value, (str, bytes, bytearray))
    if is_text or is_complex or not (hasattr(value, "__float__") or hasattr(value, "__index__")):
        raise ToraValidationError(
            f"metric value must be a number (int, float, bool or anything with __float__), "
            f"got {type(value).__name__}: {shown(value)}"
        )
    try:
        return float(cast("SupportsFloat", value))
    except OverflowError:
        raise ToraValidationError(
            f"metric value must fit a double (magnitude below 1.8e308), got {shown(value)}"
        ) from None
    except (TypeError, ValueError, RuntimeError) as exc:
        # Arrays have __float__ and refuse it when they hold more than one element.
        raise ToraValidationError(
            f"metric value must be one number, got {type(value).__name__}: {shown(value)} ({exc})"
        ) from exc


def step(value: object) -> int | None:
    """Return the step as an int from 0 to 2^63 - 1, or None."""
    if value is None:
        return None
    if isinstance(value, SupportsIndex):
        try:
            number = operator.index(value)
        except TypeError as exc:  # arrays have __index__ and refuse it
            raise ToraValidationError(f"step must be one integer or None, got {shown(value)} ({exc})") from exc
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    else:
        raise ToraValidationError(f"step must be an integer or None, got {type(value).__name__}: {shown(value)}")
    if not 0 <= number <= MAX_STEP:
        raise ToraValidationError(f"step must be from 0 to 2^63 - 1, got {shown(value)}")
    return number


def _jsonable(value: object) -> object:
    """Return what stands for a value that msgspec does not know: numpy scalars and arrays, paths, subclasses."""
    if isinstance(value, type):
        pass  # a class of numpy's has the methods of its scalars
    elif isinstance(value, str):
        return str.__str__(value)
    elif isinstance(value, (int, float)):
        return value + 0
    elif isinstance(value, Mapping):
        return dict(value)
    elif hasattr(value, "tolist"):
        return value.tolist()
    elif hasattr(value, "item"):
        return value.item()
    elif hasattr(value, "__fspath__"):
        return value.__fspath__()
    raise TypeError(f"{type(value).__name__} is not JSON: {shown(value)}")


def _plain(field: str, value: object) -> Any:
    """Return a value as JSON has it, NaN and the infinities as the wire's strings.

    Raises:
        ToraValidationError: JSON cannot say it.
    """
    try:
        builtins = msgspec.to_builtins(value, str_keys=True, enc_hook=_jsonable)
    except (TypeError, ValueError, OverflowError) as exc:
        raise ToraValidationError(f"{field} must be JSON: {exc}") from exc
    except RecursionError:
        raise ToraValidationError(f"{field} may be nested at most {MAX_DEPTH} deep, and must not hold itself") from None
    return _finite(field, builtins, 0)


def _finite(field: str, value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ToraValidationError(f"{field} may be nested at most {MAX_DEPTH} deep")
    if isinstance(value, float) and not math.isfinite(value):
        return non_finite_name(value)
    if isinstance(value, dict):
        return {key: _finite(field, item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_finite(field, item, depth + 1) for item in value]
    return value


def metadata(value: object) -> Mapping[str, Any] | None:
    """Return the metadata as a plain JSON object of at most 10,000 bytes, or None."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ToraValidationError(f"metadata must be a mapping, got {type(value).__name__}: {shown(value)}")
    data = json_bytes("metadata", value, MAX_METADATA_BYTES)
    return msgspec.json.decode(data, type=dict[str, Any])


def context(value: object) -> dict[str, Any]:
    """Return what made a run as a plain JSON object of at most 100,000 bytes."""
    if not isinstance(value, Mapping):
        raise ToraValidationError(f"context must be a mapping, got {type(value).__name__}: {shown(value)}")
    data = json_bytes("context", value, MAX_CONTEXT_BYTES)
    return msgspec.json.decode(data, type=dict[str, Any])


def json_bytes(field: str, value: object, longest: int) -> bytes:
    """Return a value as JSON of at most so many bytes; NaN and the infinities are the wire's strings."""
    plain = _plain(field, value)
    try:
        data = msgspec.json.encode(plain)
    except (TypeError, ValueError, OverflowError) as exc:  # a lone surrogate, an integer beyond 64 bits
        raise ToraValidationError(f"{field} must be JSON: {exc}") from exc
    if len(data) > longest:
        raise ToraValidationError(f"{field} may have at most {longest:,} bytes of JSON, got {len(data):,}")
    return data


def tags(value: object) -> tuple[str, ...]:
    """Return the tags in their order without repetitions; None is no tags."""
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, (Sequence, set, frozenset)):
        raise ToraValidationError(f"tags must be a list of strings, got {type(value).__name__}: {shown(value)}")
    found = tuple(dict.fromkeys(_label(f"tags[{place}]", tag, MAX_TAG) for place, tag in enumerate(value)))
    if len(found) > MAX_TAGS:
        raise ToraValidationError(f"tags may be at most {MAX_TAGS}, got {len(found)}")
    return found


def labels(value: object) -> dict[str, str]:
    """Return the labels of a writer, integers as text; None is no labels."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ToraValidationError(
            f"labels must be a mapping of names to strings, got {type(value).__name__}: {shown(value)}"
        )
    found = {label_name(name): _label_value(name, text) for name, text in value.items()}
    if len(found) > MAX_LABELS:
        raise ToraValidationError(f"labels may be at most {MAX_LABELS}, got {len(found)}")
    return found


def label_name(value: object) -> str:
    """Return the name of a writer's label without blanks around it."""
    return _label("label name", value, MAX_LABEL_NAME)


def _label_value(name: object, value: object) -> str:
    # Ranks are numbers to those who give them.
    if isinstance(value, SupportsIndex) and not isinstance(value, bool):
        value = str(operator.index(value))
    return _label(f"labels[{shown(name)}]", value, MAX_LABEL_VALUE)


def hyperparams(value: object) -> dict[str, Any]:
    """Return the hyperparameters as one flat dict of JSON values; None is no hyperparameters.

    Nested mappings are flattened with dots; NaN and the infinities become the strings "NaN",
    "Infinity" and "-Infinity".
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ToraValidationError(
            f"hyperparams must be a mapping of names to values, got {type(value).__name__}: {shown(value)}"
        )
    flat: dict[str, Any] = {}
    _flatten("", value, flat, 0)
    if len(flat) > MAX_HYPERPARAMS:
        raise ToraValidationError(f"hyperparams may have at most {MAX_HYPERPARAMS:,} keys, got {len(flat):,}")
    return flat


def _flatten(prefix: str, value: Mapping[Any, Any], flat: dict[str, Any], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ToraValidationError(f"hyperparams may be nested at most {MAX_DEPTH} deep")
    for key, item in value.items():
        name = f"{prefix}{_hyperparam_key(prefix, key)}"
        if isinstance(item, Mapping) and item:
            _flatten(f"{name}.", item, flat, depth + 1)
        elif name in flat:
            raise ToraValidationError(f"hyperparams name {shown(name)} twice, once nested and once with dots")
        else:
            flat[name] = _hyperparam(name, item)


def _hyperparam_key(prefix: str, key: object) -> str:
    if not isinstance(key, str):
        raise ToraValidationError(f"hyperparams keys must be strings, got {type(key).__name__}: {shown(key)}")
    _text(f"hyperparams key {shown(prefix + key)}", prefix + key, MAX_HYPERPARAM_KEY)
    if not key:
        raise ToraValidationError(f"hyperparams keys must have 1 to {MAX_HYPERPARAM_KEY} characters, got an empty one")
    return key


def _hyperparam(name: str, item: object) -> Any:
    data = json_bytes(f"hyperparams[{name!r}]", item, MAX_HYPERPARAM_BYTES)
    return msgspec.json.decode(data)


def non_finite_name(value: float) -> str:
    """Return the wire's string for NaN or an infinity."""
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def max_buffer_len(value: object) -> int:
    """Return the number of waiting metrics at which a client sends."""
    if isinstance(value, bool) or not isinstance(value, SupportsIndex) or operator.index(value) < 1:
        raise ToraValidationError(f"max_buffer_len must be a positive integer, got {shown(value)}")
    return operator.index(value)


def timeout(value: object) -> float:
    """Return a time limit in seconds."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise ToraValidationError(f"timeout must be a finite number of seconds from 0, got {shown(value)}")
    return float(value)
