"""How what a program prints gets to the server.

It is kept in no journal: what the server has not taken by the end of the run is not sent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from attrs import evolve

from tora import wire
from tora._async.console import Capture, Line
from tora._async.masking import MASK
from tora._async.notices import logger
from tora.errors import ToraError
from tora.validation import MAX_CONSOLE_BYTES, MAX_CONSOLE_CHUNK

if TYPE_CHECKING:
    from tora._async.companions import Ask
    from tora._async.http import Answer

__all__ = ["ConsoleTeller"]

CONSOLE_EVERY: Final = 1.0
LONGEST_PAUSE: Final = 30.0
CHUNK_CHARACTERS: Final = 128 * 1024  # JSON may take six bytes for one, and a body may have 1 MiB
NOTE_BYTES: Final = 200


class ConsoleTeller:
    """Sends what the program prints, line by line; a line that is sent again is known by its number.

    Args:
        path: Where to.
        writer: The writer's id.
        ask: The calls to make.
        secrets: Texts that are masked: the address that `setup` prints lets a browser in.
    """

    seconds = 5.0

    def __init__(self, path: str, writer: str, ask: Ask, secrets: Collection[str] = ()) -> None:
        self._path = path
        self._writer = writer
        self._ask = ask
        self._secrets = secrets
        self._capture = Capture()
        self._waiting: deque[Line] = deque()
        self._first = 1
        self._bytes = 0
        self._pause = CONSOLE_EVERY
        self._capture.begin()

    async def run(self) -> None:
        """Send what there is, each second, and less often while the server takes nothing."""
        while True:
            await asyncio.sleep(self._pause)
            self._gather()
            await self._send()

    async def finish(self) -> None:
        """Hear no more, and send all that waits."""
        self._capture.end()
        self._gather(to_the_last=True)
        while self._waiting and await self._send_one():
            pass

    def drop(self) -> None:
        """Hear no more; what waits is not sent."""
        self._capture.end()

    def _gather(self, *, to_the_last: bool = False) -> None:
        for line in self._capture.lines(to_the_last=to_the_last):
            size = len(line.text.encode()) + 1
            if self._bytes > MAX_CONSOLE_BYTES:
                continue
            if self._bytes + size > MAX_CONSOLE_BYTES - NOTE_BYTES:
                self._capture.end()
                size = MAX_CONSOLE_BYTES
                note = f"[Tora: {MAX_CONSOLE_BYTES:,} bytes are kept of a console; what follows is left out]"
                self._waiting.append(Line(line.time, "stderr", note))
            else:
                self._waiting.append(self._masked(line))
            self._bytes += size

    def _masked(self, line: Line) -> Line:
        for secret in self._secrets:
            if secret in line.text:
                line = evolve(line, text=line.text.replace(secret, MASK))
        return line

    async def _send(self) -> None:
        while self._waiting:
            if not await self._send_one():
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
                return
            self._pause = CONSOLE_EVERY

    async def _send_one(self) -> bool:
        """Send the first lines; False where the server does not take them now."""
        lines = self._next_lines()
        body = {"writer": self._writer, "first": self._first, "lines": lines}
        api = self._ask()
        try:
            answer = await api.call("POST", self._path, wire.encode(body))
        except ToraError as exc:
            logger.debug("the console was not sent: %s", exc)
            return False
        if answer.may_pass:
            return False
        if not answer.ok:
            self._give_up(answer)
            return False
        self._first += len(lines)
        for _ in lines:
            self._waiting.popleft()
        return True

    def _next_lines(self) -> list[Line]:
        found: list[Line] = []
        size = 0
        for line in self._waiting:
            size += len(line.text)
            if found and (size > CHUNK_CHARACTERS or len(found) >= MAX_CONSOLE_CHUNK):
                break
            found.append(line)
        return found

    def _give_up(self, answer: Answer) -> None:
        self._capture.end()
        self._waiting.clear()
        self._bytes = 2 * MAX_CONSOLE_BYTES
        _, reason = wire.error_from_wire(answer.body)
        said = reason.rstrip(".") or f"it answered {answer.status}"
        logger.warning("Tora: the server keeps nothing more of what is printed: %s. Metrics are not affected.", said)
