"""The buffer task: it sends what the buffer holds, when it is due, until the server has it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import anyio
from attrs import define
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from tora import wire
from tora._async import background
from tora._async.buffer import MetricBuffer
from tora._async.care import JournalCare
from tora._async.http import Answer, Api
from tora._async.introduction import Introduction
from tora._async.lines import Waiting
from tora._async.notices import Progress, logger
from tora._async.verdict import RefusedError, TooLargeError, UnavailableError, failure, judge, patience
from tora.errors import ToraError, ToraNetworkError
from tora.types import Status
from tora.validation import MAX_BATCH_BYTES, MAX_BATCH_METRICS

__all__ = ["Delivery"]

MAX_AGE: Final = 1.0  # seconds that a metric waits below the threshold
PACE: Final = 0.2  # seconds between the starts of two requests, unless one would be full or is wanted now
HEARTBEAT: Final = 30.0  # seconds of quiet; a writer is lost after 120
REFUSED_PAUSE: Final = 60.0  # seconds until a server that refused is asked again
BODY_BYTES: Final = MAX_BATCH_BYTES // 2
HURRIED_BACKOFF: Final = 1.0  # seconds at most between two tries while somebody waits in flush()


@define(eq=False)
class _Goal:
    """Somebody who waits until so many metrics are done with."""

    done: int
    reached: asyncio.Event


class Delivery:
    """The sender of one client, a task of the loop that `start` was called in.

    Args:
        buffer: What to send.
        api: Where to.
        experiment: The experiment's id.
        writer: The client's id.
        threshold: The number of waiting metrics at which they are sent at once.
        care: What looks after the buffer's journal.
        introduction: What the client says of itself first.
    """

    def __init__(
        self,
        buffer: MetricBuffer,
        api: Api,
        experiment: str,
        writer: str,
        threshold: int,
        care: JournalCare,
        introduction: Introduction,
    ) -> None:
        self._buffer = buffer
        self._care = care
        self._introduction = introduction
        self._api = api
        self._experiment = experiment
        self._writer = writer
        self._threshold = threshold
        self._most = MAX_BATCH_METRICS
        self._goals: list[_Goal] = []
        self._in_a_hurry = False
        self._hurried = asyncio.Event()
        self._asked_to_wait = False
        self._outage = False
        self._due = asyncio.Event()
        self._last_sign = time.monotonic()
        self._last_start = 0.0
        self.error: str | None = None
        self.loop = asyncio.get_running_loop()
        self.task = background.start(self._run(), f"tora-delivery-{experiment}")

    @property
    def is_alive(self) -> bool:
        """Whether its task goes on; may be asked by any thread."""
        return self.loop.is_running() and not self.task.done()

    # --- What clients ask for; to be called on the loop --------------------------------------------

    def wake(self) -> None:
        """Look at the buffer."""
        self._due.set()

    def set_threshold(self, threshold: int) -> None:
        """Send at another number of waiting metrics from now on."""
        self._threshold = threshold
        self._due.set()

    async def flush(self, progress: Progress) -> None:
        """Wait until all that is logged by now is done with, or the server refuses it."""
        goal = _Goal(self._buffer.numbered, asyncio.Event())
        if self._buffer.done >= goal.done:
            return
        self._goals.append(goal)
        self._hurry()
        try:
            while not goal.reached.is_set():
                with anyio.move_on_after(1.0):
                    await goal.reached.wait()
                    return
                progress.show(self._buffer.waiting)
        finally:
            if goal in self._goals:
                self._goals.remove(goal)
            progress.end()

    async def say_the_end(self, status: Status, *, owner: bool) -> None:
        """Tell the server how the run ended, or, if it is another client's, how this writer did."""
        await self._introduction.make()
        call = (
            partial(self._api.set_status, self._experiment, status)
            if owner
            else partial(self._api.heartbeat, self._experiment, self._writer, status)
        )
        try:
            await self._retrying()(self._ask, call)
        except RefusedError as exc:
            logger.debug("the server did not take the status %s: %s", status, exc)

    async def stop(self) -> None:
        """End the task; what is not acknowledged stays in the buffer."""
        self.task.cancel()
        await asyncio.wait([self.task])

    def abandon(self) -> None:
        """Let go of the task of a loop that no longer runs."""
        if self.loop.is_closed():
            self._api.leave()
        else:
            self.task.cancel()

    def _hurry(self) -> None:
        self._in_a_hurry = True
        self._due.set()
        self._hurried.set()

    # --- The task ---------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            while True:
                await self._until_due()
                try:
                    await self._send_what_is_due()
                except (RefusedError, OSError) as exc:  # OSError: the journal cannot be read back
                    self._give_in(str(exc))
                    await self._pause(REFUSED_PAUSE)
        finally:
            self._buffer.arm(self._buffer.waiting + 1)  # the next metric looks for another loop
            # The end of the loop cancels the task; the connections must go before the loop does.
            await self._api.close()

    async def _until_due(self) -> None:
        while not self._in_a_hurry and not self._buffer.arm(1):
            if not await self._woken_within(self._last_sign + HEARTBEAT - time.monotonic()):
                await self._give_sign()
        if not self._in_a_hurry and not self._buffer.arm(self._threshold):
            await self._woken_within(MAX_AGE)

    async def _woken_within(self, seconds: float) -> bool:
        with anyio.move_on_after(max(seconds, 0.0)):
            await self._due.wait()
            self._due.clear()
            return True
        return False

    async def _give_sign(self) -> None:
        self._last_sign = time.monotonic()
        try:
            await self._api.heartbeat(self._experiment, self._writer, "running")
        except ToraError:
            logger.debug("a heartbeat failed", exc_info=True)  # the next metric, or heartbeat, will tell

    async def _send_what_is_due(self) -> None:
        self._care.look()
        while (waiting := self._buffer.peek(self._most, BODY_BYTES)) is not None:
            await self._introduction.make()
            await self._keep_pace(waiting.count)
            await self._send(waiting)
            self._reach_goals()
            if not self._in_a_hurry and self._buffer.waiting < self._threshold:
                return
        self._reach_goals()

    async def _keep_pace(self, count: int) -> None:
        wait = self._last_start + PACE - time.monotonic()
        while wait > 0 and not self._in_a_hurry and count < self._most:
            if self._buffer.arm(self._most) or not await self._woken_within(wait):
                break
            wait = self._last_start + PACE - time.monotonic()

    async def _send(self, waiting: Waiting) -> None:
        try:
            await self._send_with_patience(waiting)
        except TooLargeError:
            if waiting.count > 1:
                self._most = waiting.count // 2
                return
            self._buffer.give_up(waiting)
            logger.warning("Tora: the server finds one metric alone too large; it is dropped")
        else:
            self._buffer.acknowledge(waiting)
            self._most = min(self._most * 2, MAX_BATCH_METRICS)
            self._recovered()

    async def _send_with_patience(self, waiting: Waiting) -> None:
        body = wire.batch_body(self._writer, waiting.first_seq, waiting.lines)
        await self._retrying()(self._ask, partial(self._api.send_batch, self._experiment, body))

    def _retrying(self) -> AsyncRetrying:
        return AsyncRetrying(
            retry=retry_if_exception_type(UnavailableError),
            wait=patience,
            before_sleep=self._note_outage,
            sleep=self._rest,
            reraise=True,
        )

    async def _rest(self, seconds: float) -> None:
        """Wait between two tries; a flush cuts it short, unless the server asked for the wait."""
        if self._asked_to_wait:
            await asyncio.sleep(seconds)
            return
        if self._in_a_hurry:
            seconds = min(seconds, HURRIED_BACKOFF)
        self._hurried.clear()
        with anyio.move_on_after(seconds):
            await self._hurried.wait()

    async def _ask(self, call: Callable[[], Awaitable[Answer]]) -> None:
        self._care.look()  # an outage of hours is when a journal fills a disk
        self._last_start = self._last_sign = time.monotonic()
        try:
            answer = await call()
        except ToraNetworkError as exc:
            await self._revive()
            raise UnavailableError(str(exc)) from exc
        except ToraError as exc:
            raise RefusedError(str(exc)) from exc
        judge(answer)

    async def _revive(self) -> None:
        try:
            await self._api.revive()
        except ToraError as exc:
            raise UnavailableError(str(exc)) from exc

    # --- Outages and refusals ---------------------------------------------------------------------

    def _note_outage(self, state: RetryCallState) -> None:
        exc = failure(state)
        reason = self.error = str(exc)
        self._asked_to_wait = isinstance(exc, UnavailableError) and exc.retry_after is not None
        # One failed try is no outage worth a warning: a server that restarts answers the next one.
        if state.attempt_number > 1 and not self._outage:
            self._outage = True
            logger.warning(
                "Tora: the server takes no metrics at the moment: %s. Training goes on; the metrics are kept "
                "and sent when the server is back.",
                reason.rstrip("."),
            )

    def _give_in(self, reason: str) -> None:
        if reason != self.error:
            said = reason.rstrip(".")
            logger.warning("Tora: metrics cannot be delivered: %s. They are kept; see `tora sync`.", said)
        self.error = reason
        self._outage = True
        self._reach_goals(everyone=True)

    def _recovered(self) -> None:
        self.error = None
        if self._outage:
            self._outage = False
            logger.warning("Tora: the server takes metrics again.")

    async def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._in_a_hurry and (left := end - time.monotonic()) > 0:
            await self._woken_within(left)
            self._care.look()

    def _reach_goals(self, *, everyone: bool = False) -> None:
        done = self._buffer.done
        for goal in self._goals:
            if everyone or done >= goal.done:
                goal.reached.set()
        self._goals = [goal for goal in self._goals if not goal.reached.is_set()]
        self._in_a_hurry = bool(self._goals)
