"""What people may be called, and what they may choose as passwords."""

from __future__ import annotations

import re
from typing import Annotated, Final, TypeAlias

from msgspec import Meta

from tora import validation
from tora.errors import ToraValidationError

__all__ = ["MIN_PASSWORD", "KeyName", "Password", "UserName", "key_name", "password", "user_name"]

MIN_PASSWORD: Final = 10
MAX_PASSWORD: Final = 1_000
MAX_KEY_NAME: Final = 100

_USER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")

# What the description says; the functions below check it.
UserName: TypeAlias = Annotated[str, Meta(extra_json_schema={"pattern": f"^{_USER.pattern}$"}, examples=["ada"])]
Password: TypeAlias = Annotated[
    str, Meta(extra_json_schema={"minLength": MIN_PASSWORD, "maxLength": MAX_PASSWORD, "format": "password"})
]
KeyName: TypeAlias = Annotated[
    str,
    Meta(
        description=f"1 to {MAX_KEY_NAME} printable characters; blanks around them are taken off.",
        extra_json_schema={"minLength": 1},
        examples=["cluster"],
    ),
]


def user_name(value: str) -> str:
    """Return a user's name: 1 to 64 ASCII letters, digits and ``. _ @ + -``, so that no two look the same.

    Raises:
        ToraValidationError: It is none.
    """
    if not _USER.fullmatch(value):
        raise ToraValidationError(
            "name must be 1 to 64 letters, digits or . _ @ + -, and begin with a letter or digit, "
            f"got {validation.shown(value)}"
        )
    return value


def password(value: str, name: str) -> str:
    """Return a new password of 10 to 1,000 characters; which ones is the user's choice.

    Raises:
        ToraValidationError: It is too short, too long, or the user's name. The message does not repeat it.
    """
    if not MIN_PASSWORD <= len(value) <= MAX_PASSWORD:
        raise ToraValidationError(
            f"password must have {MIN_PASSWORD} to {MAX_PASSWORD:,} characters, got {len(value):,}"
        )
    if value.casefold() == name.casefold():
        raise ToraValidationError("password must not be the user's name")
    return value


def key_name(value: str) -> str:
    """Return what an API key is called: 1 to 100 printable characters.

    Raises:
        ToraValidationError: It is none.
    """
    text = value.strip()
    if not 1 <= len(text) <= MAX_KEY_NAME or not text.isprintable():
        raise ToraValidationError(
            f"name must have 1 to {MAX_KEY_NAME} printable characters, got {validation.shown(value)}"
        )
    return text
