"""Every error that Tora raises.

ToraError
├── ToraValidationError        (ValueError)    an argument is wrong
├── ToraConfigurationError                     a setting or the server's address is wrong
├── ToraAuthenticationError    (PermissionError)  no key, a wrong key, or too few rights
├── ToraExperimentError        (LookupError)   no such experiment
├── ToraWorkspaceError         (LookupError)   no such workspace
├── ToraMetricError            (RuntimeError)  logging to a closed client
└── ToraNetworkError           (OSError)       no connection, no such host, TLS
    ├── ToraTimeoutError       (TimeoutError)  no answer in time
    └── ToraAPIError                           an answer that the protocol does not promise
"""

from __future__ import annotations

__all__ = [
    "ToraAPIError",
    "ToraAuthenticationError",
    "ToraConfigurationError",
    "ToraError",
    "ToraExperimentError",
    "ToraMetricError",
    "ToraNetworkError",
    "ToraTimeoutError",
    "ToraValidationError",
    "ToraWorkspaceError",
]


class ToraError(Exception):
    """The base of every error that Tora raises on purpose."""


class ToraValidationError(ToraError, ValueError):
    """An argument is wrong; the message names the field, the limit and what was given."""


class ToraConfigurationError(ToraError):
    """A setting cannot be used: a server URL that is none, a configuration file that cannot be read."""


class ToraAuthenticationError(ToraError, PermissionError):
    """The server wants a key, does not know the one given, or grants it too few rights."""


class ToraExperimentError(ToraError, LookupError):
    """The server has no experiment of that id."""


class ToraWorkspaceError(ToraError, LookupError):
    """The server has no workspace of that id."""


class ToraMetricError(ToraError, RuntimeError):
    """A metric cannot be logged because the client is closed."""


class ToraNetworkError(ToraError, OSError):
    """The server cannot be reached: connection refused, no such host, TLS trouble."""


class ToraTimeoutError(ToraNetworkError, TimeoutError):
    """The server did not answer in time."""


class ToraAPIError(ToraNetworkError):
    """The server answered something that the protocol does not promise.

    Attributes:
        status: The HTTP status of the answer, or None when there was none to read.
        code: The machine-readable code of the server's error envelope, or None.
    """

    def __init__(self, message: str, *, status: int | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
