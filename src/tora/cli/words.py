"""What the commands print: text that no server can make a terminal's commands of, tables, and JSON."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final, TypeAlias

import typer

from tora.errors import ToraError

__all__ = ["AsJson", "clean", "note", "number", "reported", "say", "say_json", "table"]

# What moves the cursor, colours, or turns the direction of text around; line ends as well.
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]",
)
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
"""The option of commands whose output is data."""

INTERRUPTED: Final = 130
WIDE: Final = 100_000


def clean(text: object) -> str:
    """Return text as one line that is safe to print on a terminal."""
    return _UNPRINTABLE.sub("", re.sub(r"[\r\n\t]+", " ", str(text)))


def say(*lines: object) -> None:
    """Print lines of data or of an answer on standard output."""
    for line in lines:
        typer.echo(clean(line))


def note(line: object) -> None:
    """Print what is meant for a person alone, on standard error."""
    typer.echo(clean(line), err=True)


def say_json(document: Any) -> None:
    """Print one JSON document on standard output.

    What a terminal would obey stands in it as escapes, which mean the same: it only occurs in strings.
    """
    pretty = json.dumps(document, ensure_ascii=False, indent=2)
    typer.echo(re.sub(_UNPRINTABLE, lambda found: _escaped(found[0]), pretty))


def number(value: object) -> str:
    """Return a metric's value as people read it; the wire's words for what is not finite stay."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "" if value is None else str(value)
    return f"{value:.6g}" if isinstance(value, float) else f"{value:,}"


def table(
    head: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = (), keep: Sequence[str] = ()
) -> None:
    """Print a table: as wide as the terminal, and of as much as there is where it goes elsewhere.

    Args:
        head: The columns' names.
        rows: What is in them.
        right: The columns of figures.
        keep: The columns that are never cut.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in head:
        shown.add_column(
            Text(clean(name)),
            justify="right" if name in right else "left",
            no_wrap=True,
            overflow="ellipsis",
            min_width=max((len(str(row[len(shown.columns)])) for row in rows), default=0) if name in keep else None,
        )
    for row in rows:
        shown.add_row(*(Text(clean("" if each is None else each)) for each in row))
    is_terminal = sys.stdout.isatty()
    console = Console(width=None if is_terminal else WIDE, highlight=False)
    with console.capture() as drawn:
        console.print(shown)
    typer.echo("\n".join(line.rstrip() for line in drawn.get().rstrip("\n").split("\n")))


@contextmanager
def reported(command: str) -> Iterator[None]:
    """Turn what goes wrong in a command into one line on standard error and the exit code 1; Ctrl-C into 130."""
    try:
        yield
    except KeyboardInterrupt as exc:
        raise typer.Exit(INTERRUPTED) from exc
    except ToraError as exc:
        note(f"tora {command}: {exc}")
        raise typer.Exit(1) from exc


def _escaped(character: str) -> str:
    return character if character == "\n" else f"\\u{ord(character):04x}"
