"""Where the server's own log goes; it holds no keys, no bodies and no query strings."""

from __future__ import annotations

import logging
import logging.handlers
from typing import Final

from tora.server.options import Options

__all__ = ["LOG", "start"]

LOG: Final = logging.getLogger("tora.server")

_MEGABYTE: Final = 1_000_000


def start(options: Options) -> None:
    """Log to the data folder when a client started the server, which nobody watches; to stderr otherwise."""
    handler: logging.Handler
    if options.local:
        handler = logging.handlers.RotatingFileHandler(
            options.dir / "server.log", maxBytes=_MEGABYTE, backupCount=2, encoding="utf-8"
        )
    else:
        handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    LOG.setLevel(logging.INFO)
