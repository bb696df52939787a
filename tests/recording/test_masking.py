"""Keys, tokens and passwords of a command line are told to nobody; all else is shown as it was."""

from __future__ import annotations

import pytest

from tora._async.masking import MASK, masked_arguments, public_address, secret_values

SHOWN = (
    *("train.py", "--lr", "0.1", "--tokenizer", "gpt2", "--max-tokens", "5", "--key-dim", "64", "--lr=1e-3"),
    *("s3://bucket/key", "--data=a:b", "git@github.com:a/b.git", "https://host/x?lr=1", "-c", "a=b", "--key", "--x"),
)


def test_what_is_no_secret_is_shown() -> None:
    """Names that only resemble those of secrets, addresses and assignments stay as they are."""
    assert masked_arguments(SHOWN) == list(SHOWN)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--api-key", "SECRET"],
        ["--apiKey", "SECRET"],
        ["--hf-token", "SECRET"],
        ["--password", "-SECRET"],
        ["--password=SECRET"],
        ["wandb.api_key=SECRET"],
        ["DB_PASSWORD=SECRET"],
        ['{"api_key": "SECRET", "lr": 1}'],
        ["import tora; tora.setup('x', api_key='SECRET')"],
        ["https://user:SECRET@host/path"],
        ["--url=https://SECRET@host/path"],
        ["postgresql://me:a#SECRET@b@host/db"],
        ["https://host/path?token=SECRET&lr=1"],
        ["-H", "Authorization: Bearer SECRET"],
        ["hf_SECRETSECRETSECRETSECRET"],
        ["x", "known-SECRET-value"],
    ],
)
def test_secrets_are_masked(arguments: list[str]) -> None:
    """A value goes by the name before it, by its place in an address, by its form, or because it is known."""
    shown = " ".join(masked_arguments(arguments, {"known-SECRET-value"}))
    assert "SECRET" not in shown
    assert MASK in shown


def test_secrets_of_the_environment_are_known() -> None:
    """The values of variables that are named like secrets count, but not folders, and nothing that is short."""
    environ = {"OPENAI_API_KEY": "sk-of-the-shell", "PWD": "/home/me/work", "SORT_KEY": "loss", "LANG": "en_US.UTF-8"}
    assert secret_values(environ) == {"sk-of-the-shell"}


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("https://token@github.com/a/b.git", "https://github.com/a/b.git"),
        ("https://user:password@host:8443/a?key=x", "https://host:8443/a"),
        ("ssh://git:password@host/a", "ssh://git@host/a"),
        ("git@github.com:a/b.git", "git@github.com:a/b.git"),
        ("/srv/git/a", "/srv/git/a"),
    ],
)
def test_an_address_lets_nobody_in(address: str, public: str) -> None:
    """The address of a repository is told without user, password and query."""
    assert public_address(address) == public
