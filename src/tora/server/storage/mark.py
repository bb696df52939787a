"""How far a store has acknowledged, in a small file beside it.

A database that finds the end of its log damaged goes on without it. That is right for what nobody was
told of, as after a power cut, and wrong for what was acknowledged. The mark tells the one from the
other: it is written after each commit and before its acknowledgement, and removed when the store is
closed in good order, since then there is no log.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["Mark"]

_WIDTH: Final = 20


class Mark:
    """The number of the last acknowledged change of one store; for one thread at a time.

    Args:
        store: The database's file.
        log: The file in which it keeps changes that are not folded in yet.
    """

    def __init__(self, store: Path, log: Path) -> None:
        self.store = store
        self.log = log
        self.path = store.with_name(f"{store.name}.mark")
        self._file: int | None = None
        self._written = 0

    def loss(self, found: int) -> str | None:
        """Return what to say of a store whose newest change has that number; None when it lacks nothing."""
        acknowledged = self._read()
        if found >= acknowledged:
            return None
        return (
            f"{self.store} lacks what was acknowledged: its changes end with number {found}, and number {acknowledged} "
            f"was acknowledged, so its log {self.log} was cut, damaged or removed; nothing was changed: restore both "
            f"from a backup, or remove {self.path} to go on without what is lost"
        )

    def write(self, number: int) -> None:
        """Note that everything up to this number is about to be acknowledged; a smaller one changes nothing."""
        if number <= self._written:
            return
        # A mark that cannot be written protects less, and is no reason to refuse what is stored already.
        with suppress(OSError):
            if self._file is None:
                self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
            os.pwrite(self._file, b"%0*d\n" % (_WIDTH, number), 0)
            self._written = number

    def remove(self) -> None:
        """Forget it: the file of the store holds everything."""
        self.close()
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Leave the number as it stands."""
        self._written = 0
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _read(self) -> int:
        try:
            return int(self.path.read_text("ascii"))
        except (OSError, ValueError):
            return 0
