"""What a writer says of itself before its first metrics: its labels, in one heartbeat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import anyio

from tora._async.http import Api
from tora._async.notices import logger
from tora.errors import ToraError

__all__ = ["Introduction"]

SECONDS: Final = 5.0  # that metrics may wait for it


class Introduction:
    """Tells a server the labels of one writer, once; where there are none, or it is told, it costs nothing.

    Args:
        api: The calls to the server.
        experiment: The experiment's id.
        writer: The writer's id.
        labels: Returns the labels; asked when there is something to send.
    """

    def __init__(self, api: Api, experiment: str, writer: str, labels: Callable[[], Mapping[str, str]]) -> None:
        self._api = api
        self._experiment = experiment
        self._writer = writer
        self._labels = labels
        self._is_over = False

    async def make(self) -> None:
        """Try it, unless it is done; it never fails, and what a server that is away missed is tried again."""
        if self._is_over:
            return
        if labels := self._labels():
            with anyio.move_on_after(SECONDS) as scope:
                self._is_over = await self._told(labels)
            if scope.cancelled_caught:
                logger.debug("the server did not take the labels within %.0f s", SECONDS)
        else:
            self._is_over = True

    async def _told(self, labels: Mapping[str, str]) -> bool:
        try:
            answer = await self._api.heartbeat(self._experiment, self._writer, "running", labels)
        except ToraError as exc:
            logger.debug("the labels were not sent: %s", exc)
            return False
        if not answer.ok:
            logger.debug("the server did not take the labels: %s answered %d", answer.call, answer.status)
        # An older server refuses them; it will not learn them meanwhile.
        return answer.ok or not answer.may_pass
