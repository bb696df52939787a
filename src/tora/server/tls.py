"""TLS: the certificate and its key, as files that are looked at when the server starts."""

from __future__ import annotations

import ssl
from pathlib import Path

__all__ = ["TlsError", "tls_context"]


class TlsError(Exception):
    """The certificate or its key cannot be used; the message names the file."""


def tls_context(files: tuple[Path, Path] | None) -> ssl.SSLContext | None:
    """Return what speaks TLS 1.2 and newer with a certificate; None for plain HTTP.

    Args:
        files: The certificate, followed by those that lead to its authority, and its private key, both PEM.

    Raises:
        TlsError: One of them cannot be read or holds something else, or the key is another certificate's.
    """
    if files is None:
        return None
    certificate, key = files
    _check(certificate, "CERTIFICATE-----", "--tls-cert", "certificate")
    _check(key, "PRIVATE KEY-----", "--tls-key", "private key")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # A password would be asked for on a terminal that a server does not have.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as exc:
        raise TlsError(_trouble(certificate, key, exc)) from exc
    return context


def _check(path: Path, sign: str, option: str, kind: str) -> None:
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError as exc:
        raise TlsError(f"cannot read the {kind} {path}: {exc.strerror}; check {option} and the file's rights") from exc
    if sign not in text:
        raise TlsError(f"{path} holds no {kind} in PEM form; check {option}")
    if kind == "private key" and "ENCRYPTED" in text:
        raise TlsError(
            f"the private key {path} is locked with a password, which nobody is there to type; "
            f"unlock it with `openssl pkey -in {path} -out NEW`"
        )


def _trouble(certificate: Path, key: Path, exc: ssl.SSLError) -> str:
    if exc.reason == "KEY_VALUES_MISMATCH":
        return f"the private key {key} does not belong to the certificate {certificate}; check --tls-cert and --tls-key"
    return (
        f"cannot use the certificate {certificate} with the private key {key}: {exc.reason or exc}; "
        "one of them is damaged"
    )
