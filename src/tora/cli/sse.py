"""Server-sent events, as far as Tora's servers send them."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator

from attrs import frozen

__all__ = ["Event", "events"]


@frozen
class Event:
    """One event; its id is the cursor to come back with."""

    name: str
    id: str
    data: str


async def events(lines: AsyncIterable[bytes]) -> AsyncIterator[Event]:
    """Yield the events of a stream from its lines; comments and what else there may be are passed over.

    The format is the one of the HTML standard, section 9.2.6; lines end as our servers end them. An event
    without the empty line after it was cut off, and is none.
    """
    fields: dict[str, str] = {}
    async for line in lines:
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text:
            name, _, value = text.partition(":")
            fields[name] = value.removeprefix(" ")
        elif "data" in fields:
            yield Event(fields.get("event", "message"), fields.get("id", ""), fields["data"])
            fields = {}
        else:
            fields = {}
