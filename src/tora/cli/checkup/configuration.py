"""The settings: whether they can be read, and whether others can read the key."""

from __future__ import annotations

import stat
from collections.abc import Iterator

from tora import config
from tora.cli.checkup.result import Check, fine, wrong
from tora.errors import ToraConfigurationError

__all__ = ["configuration_checks"]


def configuration_checks() -> Iterator[Check]:
    """Look at the settings and their file."""
    path = config.config_file()
    try:
        settings = config.load()
    except ToraConfigurationError as exc:
        yield wrong("settings", str(exc), "mend it; until then Tora uses nothing")
        return
    yield fine("settings", f"{path} is right" if path.exists() else f"there is no {path}, which is fine")
    if path.exists() and settings.api_key and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield wrong("settings", f"others may read {path}, which may hold a key", f"run: chmod 600 {path}")
