"""A handler of Python's `logging` that logs the numbers that records carry."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from threading import Thread
from typing import Final, Unpack

from tora import Tora
from tora.errors import ToraError
from tora.integrations._client import ExperimentOptions, Recorder

__all__ = ["ToraHandler"]

CLOSE_SECONDS: Final = 5.0


class ToraHandler(logging.Handler):
    """Log the metrics that records carry; their text stays with the other handlers.

    Records without metrics pass by. What is no number is left out, with one warning a name. Where the experiment
    cannot be created, that is one warning too, and all is left out.

    Examples:
        >>> logger = logging.getLogger("train")
        >>> logger.addHandler(ToraHandler("my-experiment"))
        >>> logger.warning("epoch %d is done", 3, extra={"metrics": {"loss": 0.25}, "step": 3})
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        level: int | str = logging.NOTSET,
        client: Tora | None = None,
        **options: Unpack[ExperimentOptions],
    ) -> None:
        """Keep what is given; the experiment is created with the first record that has metrics.

        Args:
            name: The experiment's name, ``logging`` by itself.
            level: Records below it are left out, as with any handler.
            client: A client to log with, in place of an experiment of its own; its maker ends it.
            options: Further arguments of `Tora.create_experiment`.
        """
        super().__init__(level)
        # Not created here: `dictConfig` makes handlers while it holds the lock of `logging`, which Tora's own
        # thread takes when it imports what it needs.
        self._recorder = Recorder(name, client, options, default_name="logging")
        self._is_over = False
        # A filter runs before the handler's lock is taken. Tora's own thread logs warnings, and must not
        # wait for a call that waits for that thread.
        self.addFilter(_carries_metrics)

    def emit(self, record: logging.LogRecord) -> None:
        """Log the record's ``metrics``, each at its ``step`` where it has one."""
        if self._is_over:
            return
        try:
            self._recorder.log(getattr(record, "metrics"), getattr(record, "step", None))  # noqa: B009  # given as extra
        except ToraError as exc:  # there is no experiment, and a program must not fail for what it logs
            self._is_over = True
            self._recorder.warn("experiment", f"the metrics of records are left out, there is no experiment: {exc}")

    def close(self) -> None:
        """Send what waits and end an experiment of its own; `logging.shutdown` calls this at exit.

        Waits five seconds at most; what takes longer is done in the background.
        """
        super().close()
        if self._is_over or not self._recorder.is_open:
            self._is_over = True
            return
        self._is_over = True
        # Not in this thread: `dictConfig` closes earlier handlers under the lock that Tora's thread may want.
        end = Thread(target=self._recorder.end, name="tora-handler-end", daemon=True)
        try:
            end.start()
        except RuntimeError:  # from 3.12 on none can be started at exit, where nobody holds that lock
            self._recorder.end()
        else:
            end.join(CLOSE_SECONDS)


def _carries_metrics(record: logging.LogRecord) -> bool:
    return isinstance(getattr(record, "metrics", None), Mapping)
