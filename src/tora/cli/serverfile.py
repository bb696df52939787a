"""The settings of ``tora server`` that stand in a file, and in the environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ServerFile", "read_server_file", "use_file", "variable"]

_PATHS: Final = frozenset({"dir", "tls_cert", "tls_key"})
"""Settings that name a file or folder; in a file they are meant from its own folder."""


class ServerFile(msgspec.Struct):
    """What may stand in the file; what is absent is taken from elsewhere."""

    dir: str = ""
    host: str = ""
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0
    anonymous: bool = False
    catalog: str = ""
    metrics: str = ""
    allow_host: list[str] = []
    tls_cert: str = ""
    tls_key: str = ""
    trust_proxy: list[str] = []
    user_header: str = ""
    log_format: Literal["text", "json"] = "text"
    rate_limit: Annotated[float, msgspec.Meta(ge=0)] = 0


def variable(setting: str) -> str:
    """Return the name of a setting in the environment."""
    return f"TORA_SERVER_{setting.upper()}"


def use_file(context: typer.Context, path: Path | None) -> Path | None:
    """Take the settings of a file wherever neither the command line nor the environment has one."""
    if path is not None:
        context.default_map = {**(context.default_map or {}), **read_server_file(path)}
    return path


def read_server_file(path: Path) -> Mapping[str, Any]:
    """Return the settings of a file.

    Raises:
        typer.BadParameter: It cannot be read, or a setting in it is unknown or of the wrong kind.
    """
    import tomllib

    try:
        with path.open("rb") as file:
            found = tomllib.load(file)
    except OSError as exc:
        raise typer.BadParameter(f"cannot read the server's settings in {path}: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise typer.BadParameter(f"{path} is no TOML: {exc}") from exc
    if unknown := sorted(found.keys() - set(ServerFile.__struct_fields__)):
        known = ", ".join(sorted(ServerFile.__struct_fields__))
        raise typer.BadParameter(f"unknown setting {unknown[0]!r} in {path}; known are {known}")
    try:
        checked = msgspec.convert(found, ServerFile)
    except msgspec.ValidationError as exc:
        raise typer.BadParameter(f"a setting in {path} is wrong: {exc}") from exc
    given = {name: getattr(checked, name) for name in found}
    folder = path.expanduser().absolute().parent
    return {name: str(folder / Path(value).expanduser()) if name in _PATHS else value for name, value in given.items()}
