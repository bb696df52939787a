"""The configuration file, as `tora login` writes it: one change, everything else as it stands."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from tora import config, rendezvous
from tora.errors import ToraConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from tomlkit import TOMLDocument

__all__ = ["forget", "overridden", "remember"]

_LOGIN: Final = ("server_url", "api_key")
_VARIABLES: Final = ("TORA_SERVER_URL", "TORA_BASE_URL", "TORA_API_KEY")


def remember(server_url: str, api_key: str) -> Path:
    """Keep which server to use and its key; comments and all other settings stay.

    Returns:
        The file, which its owner alone may read.

    Raises:
        ToraConfigurationError: It cannot be read or written.
    """
    return _changed({"server_url": server_url, "api_key": api_key})


def forget() -> Path | None:
    """Take the server and its key out of the file, and return the file; None where they are not in it.

    Raises:
        ToraConfigurationError: It cannot be read or written.
    """
    if not any(name in _document(config.config_file()) for name in _LOGIN):
        return None
    return _changed(dict.fromkeys(_LOGIN))


def overridden() -> list[str]:
    """Return the variables of the environment that come before what the file says."""
    return [name for name in _VARIABLES if os.environ.get(name, "").strip()]


def _changed(changes: Mapping[str, str | None]) -> Path:
    path = config.config_file()
    document = _document(path)
    for name, value in changes.items():
        if value is not None:
            document[name] = value
        elif name in document:
            document.remove(name)
    try:
        # A link, as people who keep their settings under version control have, stays one.
        target = path.resolve()
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        rendezvous.write_private(target, document.as_string().encode())
    except OSError as exc:
        raise ToraConfigurationError(
            f"cannot write the configuration file {path}: {exc}; make its folder writable, "
            "or set TORA_SERVER_URL and TORA_API_KEY instead"
        ) from exc
    return path


def _document(path: Path) -> TOMLDocument:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        return tomlkit.parse(path.read_text("utf-8"))
    except FileNotFoundError:
        return tomlkit.document()
    except (OSError, UnicodeDecodeError, TOMLKitError) as exc:
        raise ToraConfigurationError(f"cannot read the configuration file {path}: {exc}; mend it first") from exc
