"""``tora server``: run a server in this terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, cast

import typer

from tora import config
from tora.cli.serverfile import use_file, variable
from tora.errors import ToraConfigurationError

if TYPE_CHECKING:
    from tora.server.proxy import Network, Proxy

__all__ = ["server"]

OWNED: Final = 3
"""The exit code that says that another server owns the data folder."""

PORT_TAKEN: Final = 4
CANNOT_START: Final = 5


def _option(name: str, help: str, *spellings: str, **more: Any) -> Any:  # noqa: A002  # typer's own word
    """Return an option that has a variable too."""
    return typer.Option(*spellings, help=help, envvar=variable(name), **more)


def server(
    host: Annotated[str, _option("host", "Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, _option("port", "Port to listen on; 0 takes a free one.", min=0, max=65535)] = (
        config.DEFAULT_PORT
    ),
    dir: Annotated[  # noqa: A002  # the option's name
        Path | None,
        _option("dir", "Data folder.", show_default="TORA_DIR, or the user's data folder"),
    ] = None,
    anonymous: Annotated[
        bool, _option("anonymous", "Let requests without a key read and write experiments.", "--anonymous")
    ] = False,
    catalog: Annotated[
        str | None,
        _option(
            "catalog",
            "PostgreSQL for the catalog: postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE.",
            show_default="a file in the data folder",
        ),
    ] = None,
    metrics: Annotated[
        str | None,
        _option(
            "metrics",
            "ClickHouse for the points: clickhouse://USER:PASSWORD@HOST:8123/DATABASE.",
            show_default="a file in the data folder",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None, _option("allow_host", "A further name, or name:port, that the server answers to; repeatable.")
    ] = None,
    rate_limit: Annotated[
        float,
        _option("rate_limit", "Calls a second of one caller, 25 times as many for logging; 0 for any number.", min=0.0),
    ] = 200.0,
    tls_cert: Annotated[Path | None, _option("tls_cert", "Certificate chain for TLS, a PEM file.")] = None,
    tls_key: Annotated[Path | None, _option("tls_key", "Private key of the certificate, a PEM file.")] = None,
    trust_proxy: Annotated[
        list[str] | None,
        _option("trust_proxy", "Address or network of a proxy that says who asks (X-Forwarded-*); repeatable."),
    ] = None,
    user_header: Annotated[
        str | None, _option("user_header", "Header in which a trusted proxy names the user who signed in with it.")
    ] = None,
    log_format: Annotated[str, _option("log_format", "How a line of the log looks: text or json.")] = "text",
    config_file: Annotated[  # noqa: ARG001  # its callback has read it
        Path | None,
        _option(
            "config", "Settings in a TOML file, with the options' names.", "--config", callback=use_file, is_eager=True
        ),
    ] = None,
    local: Annotated[bool, typer.Option("--local", hidden=True)] = False,
    idle: Annotated[float, typer.Option(min=0.0, hidden=True)] = 3600.0,
) -> None:
    """Run a server that keeps experiments in a folder and shows them in the browser.

    Each option but --local has a variable, TORA_SERVER_HOST for --host and so on; --config names a file. What the
    command line says comes first, then the environment, then the file.

    Exit codes: 0 ended by a signal, 3 another server owns the folder, 4 the port cannot be had, 5 the
    folder, the data in it or the certificate cannot be used.
    """
    from tora.server.listening import ListenError
    from tora.server.options import Options
    from tora.server.ownership import FolderError, FolderOwnedError
    from tora.server.run import StartError, serve

    try:
        serve(
            Options(
                dir=(dir or config.data_dir()).expanduser().absolute(),
                host=host,
                port=port,
                anonymous=anonymous,
                local=local,
                idle=idle,
                allow_hosts=tuple(allow_host or ()),
                rate_limit=rate_limit,
                catalog=None if local else _catalog(catalog),
                metrics=None if local else _metrics(metrics),
                proxy=_proxy(trust_proxy or [], user_header),
                tls=_tls(tls_cert, tls_key),
                log_format=_log_format(log_format),
            )
        )
    except FolderOwnedError as exc:
        _end(exc, OWNED)
    except ListenError as exc:
        _end(exc, PORT_TAKEN)
    except (FolderError, StartError, ToraConfigurationError) as exc:
        _end(exc, CANNOT_START)


def _catalog(text: str | None) -> str | None:
    if not text:
        return None
    from tora.server.catalog.address import postgres_url
    from tora.server.catalog.errors import CatalogError

    try:
        postgres_url(text)
    except CatalogError as exc:
        raise typer.BadParameter(f"--catalog: {exc}") from exc
    return text


def _metrics(text: str | None) -> str | None:
    if not text:
        return None
    from tora.server.metrics.base import StoreError
    from tora.server.metrics.clickhouse.address import address

    try:
        address(text)
    except StoreError as exc:
        raise typer.BadParameter(str(exc)) from exc
    return text


def _tls(certificate: Path | None, key: Path | None) -> tuple[Path, Path] | None:
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        given, lacking = ("--tls-key", "--tls-cert") if certificate is None else ("--tls-cert", "--tls-key")
        raise typer.BadParameter(f"{given} needs {lacking}: TLS takes a certificate and its key")
    return certificate.expanduser().absolute(), key.expanduser().absolute()


def _proxy(trusted: list[str], user_header: str | None) -> Proxy:
    from tora.server.proxy import Proxy

    if user_header and not trusted:
        raise typer.BadParameter("--user-header needs --trust-proxy: without it anybody could send that header")
    return Proxy(tuple(map(_network, trusted)), user_header or None)


def _network(text: str) -> Network:
    import ipaddress

    try:
        return ipaddress.ip_network(text)
    except ValueError as exc:
        raise typer.BadParameter(
            f"--trust-proxy takes an address or a network, such as 10.0.0.7 or 10.0.0.0/24, got {text!r}: {exc}"
        ) from exc


def _log_format(text: str) -> Literal["text", "json"]:
    if text not in {"text", "json"}:
        raise typer.BadParameter(f"--log-format takes text or json, got {text!r}")
    return cast("Literal['text', 'json']", text)


def _end(reason: Exception, code: int) -> None:
    typer.echo(f"tora server: {reason}", err=True)
    raise typer.Exit(code) from reason
