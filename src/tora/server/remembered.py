"""What was found out about keys and sessions, so that each request need not ask the catalog."""

from __future__ import annotations

from typing import Final, Generic, TypeVar

from attrs import define, field

__all__ = ["Remembered"]

T = TypeVar("T")

MAX_REMEMBERED: Final = 10_000


@define(eq=False)
class Remembered(Generic[T]):
    """Findings by the digest of what was shown; None for what is known to open nothing.

    A finding counts only if nothing was forgotten while it was looked up: otherwise a key that is revoked just then
    would be remembered as good.
    """

    version: int = 0
    _found: dict[bytes, T | None] = field(factory=dict)

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._found

    def get(self, digest: bytes) -> T | None:
        """Return what was found."""
        return self._found.get(digest)

    def add(self, digest: bytes, found: T | None, version: int) -> None:
        """Remember a finding.

        Args:
            digest: Of what was shown.
            found: What it opens; None for nothing.
            version: What `version` was when the search began.
        """
        if version != self.version:
            return
        if len(self._found) >= MAX_REMEMBERED:
            self._found.clear()
        self._found[digest] = found

    def forget(self) -> None:
        """Look everything up anew."""
        self.version += 1
        self._found.clear()
