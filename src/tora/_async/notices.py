"""What Tora tells people: the banner, progress on a terminal, and warnings through logger ``tora``."""

from __future__ import annotations

import logging
import sys

from tora.models import Stats
from tora.types import Status

__all__ = ["Progress", "banner", "left_behind", "logger", "lost_at_the_end", "untold_end"]

logger = logging.getLogger("tora")


def banner(url: str) -> None:
    """Print where the experiment can be seen."""
    print(f"Tora experiment: {url}", flush=True)  # noqa: T201  # documented: setup() prints it to the console


def left_behind(stats: Stats, experiment: str, journal: str | None) -> None:
    """Warn that metrics are not on the server yet, and say where they are."""
    logger.warning(
        "Tora: %s of %s metrics of experiment %s are not on the server yet%s. They are safe in %s; `tora sync` sends "
        "them, and so does the next client for that server.",
        f"{stats.waiting:,}",
        f"{stats.logged:,}",
        experiment,
        _because(stats),
        journal,
    )


def lost_at_the_end(stats: Stats, experiment: str, lost: int) -> None:
    """Warn that metrics end with the process: no server took them, and the journal could not be written."""
    logger.warning(
        "Tora: %s of %s metrics of experiment %s are lost: the server did not take them in time, and the journal "
        "could not be written%s.",
        f"{lost:,}",
        f"{stats.logged:,}",
        experiment,
        _because(stats),
    )


def untold_end(stats: Stats, experiment: str, status: Status) -> None:
    """Warn that the server has all metrics and does not know yet how the run ended."""
    logger.warning(
        "Tora: the server does not know yet that experiment %s is %s%s. `tora sync` tells it, and so does the next "
        "client for that server.",
        experiment,
        status,
        _because(stats),
    )


def _because(stats: Stats) -> str:
    return f" ({stats.error})" if stats.error else ""


class Progress:
    """One line on a terminal that counts down while a flush takes longer than a second."""

    def __init__(self, *, silent: bool) -> None:
        self._shown = False
        self._wanted = not silent and sys.stderr is not None and sys.stderr.isatty()

    def show(self, waiting: int) -> None:
        """Show how many metrics are still to be sent."""
        if self._wanted:
            self._shown = True
            self._write(f"Tora: sending {waiting:,} metrics …")

    def end(self) -> None:
        """Leave the line clean for what comes next."""
        if self._shown:
            self._shown = False
            self._write("")

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
