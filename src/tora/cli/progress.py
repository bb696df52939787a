"""Progress of long work, on a terminal alone."""

from __future__ import annotations

from typing import Self

from tora import config

__all__ = ["Progress"]


class Progress:
    """A bar on standard error where that is a terminal, and nothing elsewhere or with ``TORA_SILENT``.

    Args:
        what: What is being done.
        total: How much there is to do; None where nobody knows yet.
    """

    def __init__(self, what: str, total: int | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        console = Console(stderr=True)
        self._bar = Bar(
            TextColumn(what),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            redirect_stdout=False,  # it would go where the bar is, also when it is meant for a file
            disable=not console.is_terminal or config.load().silent,
        )
        self._task = self._bar.add_task(what, total=total)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self, amount: int) -> None:
        """Note that so much more is done."""
        self._bar.advance(self._task, amount)

    @property
    def is_shown(self) -> bool:
        """Whether anybody sees it."""
        return not self._bar.disable

    def told(self, done: int, total: int) -> None:
        """Note how much is done, and how much there is."""
        self._bar.update(self._task, completed=done, total=total)
