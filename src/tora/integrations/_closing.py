"""The end of an integration that no framework tells when all is done: `close`, or a ``with`` block."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from tora.integrations._client import Recorder

__all__ = ["Closing"]


class Closing:
    """Whatever logs through a recorder and is closed by its user; without that, by the end of the process."""

    _recorder: Recorder

    def close(self) -> None:
        """Send what waits and end an experiment of its own; a caller's client is left open."""
        self._recorder.end()

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; an exception that leaves the block makes the experiment failed, or stopped."""
        self._recorder.end(exc)
