"""What must not be told of a command line or an address: keys, tokens and passwords in it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit, urlunsplit

__all__ = ["MASK", "masked_arguments", "masked_text", "public_address", "secret_values"]

MASK: Final = "***"
SHORTEST: Final = 8  # characters of a value that is looked for elsewhere: shorter ones stand in other words

# Names are compared word by word, so that `--tokenizer`, `--max-tokens` and `--key-dim` are shown.
_ANYWHERE: Final = frozenset({"apikey", "passphrase", "passwd", "password", "passwords", "secret", "secrets"})
_AT_THE_END: Final = frozenset(
    {"auth", "authorization", "cookie", "credential", "credentials", "key", "pwd", "sig", "signature", "token"}
)
_FOLDERS: Final = frozenset({"OLDPWD", "PWD"})  # variables that a shell sets
_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")

_OPTION: Final = re.compile(r"--|-\w?$")
# Each begins where a word begins and gives nothing back: a command line of a megabyte takes no longer than its length.
_ASSIGNED: Final = re.compile(r"""(?<![\w.-])([\w.-]++)(["']?\s*[=:]\s*["']?)(?!//)([^\s"'&,;}\]]+)""")
_HEADER: Final = re.compile(r"(?i)\b((?:authorization\s*:\s*)?(?:bearer|basic)\s+)[^\s\"']+")
_USERINFO: Final = re.compile(r"(?i)(?<![a-z0-9+.-])([a-z0-9+.-]++://)[^\s/\"']*@")
_KNOWN_FORMS: Final = re.compile(
    r"\b(?:(?:sk|pk|rk)-[\w-]{16,}|hf_\w{16,}|gh[opsru]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}"
    r"|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|eyJ[\w-]+\.[\w-]+\.[\w-]+)"
)


def masked_arguments(arguments: Sequence[str], secrets: Iterable[str] = ()) -> list[str]:
    """Return a command line without what is secret in it.

    Args:
        arguments: As the program was given them.
        secrets: Values that are known to be secret, wherever they stand.
    """
    known = sorted(secrets, key=len, reverse=True)
    found: list[str] = []
    is_secret = False
    for argument in arguments:
        # The value of `--api-key VALUE`, unless what follows is an option of its own.
        if is_secret and not _OPTION.match(argument):
            found.append(MASK)
            is_secret = False
            continue
        found.append(masked_text(argument, known))
        is_secret = argument.startswith("-") and "=" not in argument and _is_secret(argument)
    return found


def masked_text(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a text without what is secret in it: known values, assignments, headers, addresses, tokens by form."""
    for value in secrets:
        text = text.replace(value, MASK)
    text = _USERINFO.sub(rf"\1{MASK}@", text)
    text = _HEADER.sub(rf"\1{MASK}", text)
    text = _ASSIGNED.sub(_without_value, text)
    return _KNOWN_FORMS.sub(MASK, text)


def public_address(address: str) -> str:
    """Return the address of a repository without what lets somebody in."""
    if "://" not in address:
        return address  # a folder, or git@host:path, whose user is the same for everybody
    parts = urlsplit(address)
    user, at, host = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    netloc = f"{name}@{host}" if at and parts.scheme == "ssh" else host
    return urlunsplit((parts.scheme, netloc, parts.path, "", ""))


def secret_values(environ: Mapping[str, str] | None = None) -> set[str]:
    """Return the values of the environment's secrets, which a shell may have put into a command line."""
    found = (os.environ if environ is None else environ).items()
    return {value for name, value in found if len(value) >= SHORTEST and name not in _FOLDERS and _is_secret(name)}


def _without_value(match: re.Match[str]) -> str:
    name, between, _ = match.groups()
    return f"{name}{between}{MASK}" if _is_secret(name) else match[0]


def _is_secret(name: str) -> bool:
    words = [word.lower() for word in _WORDS.findall(name)]
    return bool(words) and (words[-1] in _AT_THE_END or not _ANYWHERE.isdisjoint(words))
