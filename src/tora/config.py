"""Settings: argument, then environment, then configuration file, then default; read at each call."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, cast
from urllib.parse import urlsplit

import platformdirs
from attrs import frozen

from tora import validation
from tora.errors import ToraConfigurationError, ToraValidationError

__all__ = ["DEFAULT_PORT", "Mode", "Settings", "config_file", "data_dir", "labels", "load", "server_url"]

DEFAULT_PORT: Final = 8672  # TORA on a phone
DEFAULT_TIMEOUT: Final = 30.0

Mode = Literal["online", "offline", "disabled"]


@frozen
class Settings:
    """What holds for one call.

    Attributes:
        server_url: The server's address without a slash at its end; None means the local server.
        api_key: The key for that server; None means anonymous.
        dir: Where data, journals and the local server's files are.
        port: The port that the local server takes when it is free.
        mode: ``online``, ``offline`` (all goes to the journal) or ``disabled`` (every call does nothing).
        timeout: Seconds that ``flush``, ``shutdown`` and exit may take.
        workspace: The workspace of new experiments that name none.
        tags: The tags of new experiments that name none.
        silent: No banner and no progress.
        context: What made the run is recorded with a new experiment.
        system: What the machine is doing is logged under ``system/``.
        console: What the program prints is recorded.
    """

    server_url: str | None
    api_key: str | None
    dir: Path
    port: int
    mode: Mode
    timeout: float
    workspace: str | None
    tags: tuple[str, ...]
    silent: bool
    context: bool = True
    system: bool = True
    console: bool = False


# Setting -> its names in the environment, the first that is set wins.
_VARIABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "api_key": ("TORA_API_KEY",),
    "server_url": ("TORA_SERVER_URL", "TORA_BASE_URL"),
    "dir": ("TORA_DIR",),
    "port": ("TORA_PORT",),
    "mode": ("TORA_MODE",),
    "timeout": ("TORA_TIMEOUT",),
    "workspace": ("TORA_WORKSPACE",),
    "tags": ("TORA_TAGS",),
    "labels": ("TORA_LABELS",),
    "silent": ("TORA_SILENT",),
    "context": ("TORA_CONTEXT",),
    "system": ("TORA_SYSTEM",),
    "console": ("TORA_CONSOLE",),
}


def load(
    *, api_key: str | None = None, server_url: str | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings that hold now.

    Raises:
        ToraConfigurationError: A setting cannot be used; the message says where it stands.
    """
    sources = _Sources(os.environ if environ is None else environ, _read(config_file()))
    url, url_source = sources.text("server_url", server_url)
    key, key_source = sources.text("api_key", api_key)
    if sources.is_elsewhere(url, key_source):
        key = None
    if key is not None and not (key.isascii() and key.isprintable()):
        raise ToraConfigurationError(f"{key_source} must be printable ASCII; it is sent as an HTTP header")
    workspace, _ = sources.text("workspace")
    _labels(sources)  # each writer reads them for itself; a slip is told here already
    return Settings(
        server_url=None if url is None else _checked_url(url, url_source),
        api_key=key,
        dir=_dir(sources),
        port=_port(sources),
        mode=_mode(sources),
        timeout=_timeout(sources),
        workspace=workspace,
        tags=_tags(sources),
        silent=_flag(sources, "silent"),
        context=_flag(sources, "context", default=True),
        system=_flag(sources, "system", default=True),
        console=_flag(sources, "console"),
    )


def data_dir() -> Path:
    """Return the folder of data, journals and the local server's files (``TORA_DIR``)."""
    return _dir(_Sources(os.environ, _read(config_file())))


def labels() -> dict[str, str]:
    """Return the labels of this process's writers (``TORA_LABELS``).

    Raises:
        ToraConfigurationError: They cannot be used.
    """
    return _labels(_Sources(os.environ, _read(config_file())))


def config_file() -> Path:
    """Return where the configuration file is looked for; it need not exist."""
    return platformdirs.user_config_path("tora", appauthor=False) / "config.toml"


def server_url(value: str) -> str:
    """Return a server's address without a slash at its end.

    Raises:
        ToraConfigurationError: It is no http(s) URL.
    """
    return _checked_url(value, "server_url")


class _Sources:
    """The environment and the configuration file, asked in that order."""

    def __init__(self, environ: Mapping[str, str], file: Mapping[str, Any]) -> None:
        self._environ = environ
        self._file = file

    def find(self, setting: str) -> tuple[Any, str]:
        """Return the value and where it stands, or (None, "")."""
        for variable in _VARIABLES[setting]:
            # An empty variable is how a shell unsets one for a single command.
            if value := self._environ.get(variable, "").strip():
                return value, variable
        if setting in self._file:
            return self._file[setting], f"{setting!r} in {config_file()}"
        return None, ""

    def is_elsewhere(self, url: str | None, key_source: str) -> bool:
        """Return whether a key stands in the file beside another server, which alone is to see it."""
        theirs = self._file.get("server_url")
        if not key_source.startswith("'api_key' in ") or url is None or not isinstance(theirs, str):
            return False
        return url.strip().rstrip("/") != theirs.strip().rstrip("/")

    def text(self, setting: str, argument: str | None = None) -> tuple[str | None, str]:
        """Return a setting that is a string; an argument that is not None comes first."""
        value, source = (argument, setting) if argument is not None else self.find(setting)
        if value is not None and not isinstance(value, str):
            raise ToraConfigurationError(
                f"{source} must be a string, got {type(value).__name__}: {validation.shown(value)}"
            )
        return (value.strip() or None if value else None), source


def _read(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            found = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ToraConfigurationError(f"cannot read the configuration file {path}: {exc}") from exc
    if unknown := sorted(found.keys() - _VARIABLES.keys()):
        raise ToraConfigurationError(
            f"unknown setting {unknown[0]!r} in {path}; known are {', '.join(sorted(_VARIABLES))}"
        )
    return found


def _checked_url(value: str, source: str) -> str:
    text = value.strip()
    try:
        parts = urlsplit(text)
        port_is_right = parts.port is None or 0 < parts.port < 65536
        (parts.hostname or "").encode("idna")  # what no name lookup takes is refused here
    except ValueError:
        parts, port_is_right = urlsplit(""), False
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_right or any(map(str.isspace, text)):
        raise ToraConfigurationError(
            f"{source} must be an http:// or https:// URL, such as http://127.0.0.1:{DEFAULT_PORT}, "
            f"got {validation.shown(value)}"
        )
    if parts.query or parts.fragment:
        raise ToraConfigurationError(f"{source} must not have a query or fragment, got {validation.shown(value)}")
    return text.rstrip("/")


def _dir(sources: _Sources) -> Path:
    value, _ = sources.text("dir")
    if value is not None:
        return Path(value).expanduser().absolute()
    return platformdirs.user_data_path("tora", appauthor=False)


def _port(sources: _Sources) -> int:
    value, source = sources.find("port")
    if value is None:
        return DEFAULT_PORT
    try:
        port = -1 if isinstance(value, (bool, float)) else int(value)
    except (TypeError, ValueError):
        port = -1
    if not 0 <= port < 65536:
        raise ToraConfigurationError(f"{source} must be a port from 0 to 65535, got {validation.shown(value)}")
    return port


def _mode(sources: _Sources) -> Mode:
    value, source = sources.find("mode")
    mode = "online" if value is None else str(value).lower()
    if mode not in {"online", "offline", "disabled"}:
        raise ToraConfigurationError(f"{source} must be online, offline or disabled, got {validation.shown(value)}")
    return cast("Mode", mode)


def _timeout(sources: _Sources) -> float:
    value, source = sources.find("timeout")
    if value is None:
        return DEFAULT_TIMEOUT
    try:
        return validation.timeout(value if isinstance(value, bool) else float(value))
    except (TypeError, ValueError):
        raise ToraConfigurationError(
            f"{source} must be a number of seconds from 0, got {validation.shown(value)}"
        ) from None


def _tags(sources: _Sources) -> tuple[str, ...]:
    value, source = sources.find("tags")
    labels = [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value
    try:
        return validation.tags(labels)
    except ToraValidationError as exc:
        raise ToraConfigurationError(f"{source}: {exc}") from exc


def _labels(sources: _Sources) -> dict[str, str]:
    value, source = sources.find("labels")
    if isinstance(value, str):
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        if wrong := next((name for name, equals, _ in pairs if not equals), None):
            raise ToraConfigurationError(
                f"{source} must be names with values, such as rank=3,actor=sampler-7; "
                f"{validation.shown(wrong)} has no ="
            )
        value = {name: text for name, _, text in pairs}
    try:
        return validation.labels(value)
    except ToraValidationError as exc:
        raise ToraConfigurationError(f"{source}: {exc}") from exc


def _flag(sources: _Sources, setting: str, *, default: bool = False) -> bool:
    value, source = sources.find(setting)
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text in {"1", "true", "yes", "on"}:
        return True
    if text in {"0", "false", "no", "off"}:
        return False
    raise ToraConfigurationError(f"{source} must be on or off (1 or 0), got {validation.shown(value)}")
