"""People, keys, members, links, contexts, consoles and the audit log of every catalog, asked directly."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from tests.support.catalogs import emptied_database
from tora import validation
from tora.errors import ToraValidationError
from tora.models import Experiment, Workspace
from tora.server.catalog import (
    Catalog,
    ExperimentFilter,
    LastOwnerError,
    NotFoundError,
    OutlineNeeds,
    Place,
    Sight,
    TakenError,
    audit,
    console,
    contexts,
    keys,
    members,
    shares,
    users,
)
from tora.server.catalog.errors import ConsoleFullError
from tora.server.catalog.records import OWNER_ID, ApiKey, AuditEntry, Invitation, Share, User

pytestmark = pytest.mark.anyio

NOW = dt.datetime.now(dt.UTC).replace(microsecond=123_456)
LATER = NOW + dt.timedelta(days=1)
EARLIER = NOW - dt.timedelta(days=1)


@pytest.fixture(params=["sqlite", "postgres"])
def closed(request: pytest.FixtureRequest, tmp_path: Path) -> Catalog:
    """An empty catalog of each kind, which is not open yet."""
    if request.param == "sqlite":
        return Catalog.in_file(tmp_path / "catalog.sqlite")
    return Catalog(emptied_database(request.getfixturevalue("postgres")))


@pytest.fixture
async def catalog(closed: Catalog) -> AsyncIterator[Catalog]:
    """An open, empty catalog."""
    async with closed:
        yield closed


async def _user(catalog: Catalog, name: str, *, is_admin: bool = False) -> User:
    return await catalog.run(users.create, name, is_admin=is_admin)


async def test_people_are_made_found_changed_and_deleted(catalog: Catalog) -> None:
    """Names differ by more than their case; who is disabled is nobody; what somebody leaves is the heir's."""
    owner = await catalog.run(users.ensure_owner)
    assert await catalog.run(users.ensure_owner) == owner
    ada, bob = await _user(catalog, "ada"), await _user(catalog, "Bob", is_admin=True)
    with pytest.raises(TakenError, match="'ADA'"):
        await _user(catalog, "ADA")
    assert [user.name for user in await catalog.run(users.every)] == ["ada", "Bob", OWNER_ID]
    assert await catalog.run(users.named, "bOB") == await catalog.run(users.get, bob.id) == bob
    assert await catalog.run(users.named, "ada\x00") is None
    assert (await catalog.run(users.change, bob.id, {"is_admin": False})).is_admin is False
    assert (await catalog.run(users.change, ada.id, {"disabled": True})).disabled
    assert await catalog.run(users.identity, ada.id) is None
    await catalog.create_experiment(Experiment("e", "of ada"), creator=ada.id)
    await catalog.run(users.delete, ada.id, bob.id)
    assert await catalog.place("e") == Place(None, bob.id)
    for call in (users.get, users.hold):
        with pytest.raises(NotFoundError, match="no user"):
            await catalog.run(call, ada.id)


async def test_a_ticket_sets_a_password_once(catalog: Catalog) -> None:
    """A newer one ends it, a used or expired one is none, and a new password signs everybody out."""
    ada = await _user(catalog, "ada")
    await catalog.run(users.add_ticket, ada.id, b"first", LATER)
    await catalog.run(users.add_ticket, ada.id, b"second", LATER)
    assert await catalog.run(users.by_ticket, b"first") is None
    await catalog.run(users.start_session, ada.id, b"session", LATER)
    redeemed = await catalog.run(users.redeem, b"second", "hash")
    assert redeemed is not None
    assert (redeemed.id, redeemed.has_password) == (ada.id, True)
    assert await catalog.run(users.redeem, b"second", "other") is None
    assert await catalog.run(users.by_session, b"session") is None
    assert await catalog.run(users.password_of, "ADA") == (redeemed, "hash")
    await catalog.run(users.renew_password, ada.id, "an older one", "too late")
    await catalog.run(users.renew_password, ada.id, "hash", "stronger")
    assert await catalog.run(users.password_of, "ada") == (redeemed, "stronger")
    await catalog.run(users.add_ticket, ada.id, b"third", EARLIER)
    assert await catalog.run(users.redeem, b"third", "hash") is None


async def test_sessions_last_until_they_end(catalog: Catalog) -> None:
    """They come back to the microsecond, those that have expired go, and signing out ends one or all."""
    ada = await _user(catalog, "ada")
    for token, until in ((b"\x00\xff", LATER), (b"old", EARLIER), (b"two", LATER)):
        await catalog.run(users.start_session, ada.id, token, until)
    assert await catalog.run(users.by_session, b"\x00\xff") == (ada.id, LATER)
    assert await catalog.run(users.by_session, b"old") is None
    await catalog.run(users.drop_session, b"\x00\xff")
    assert await catalog.run(users.by_session, b"\x00\xff") is None
    await catalog.run(users.drop_sessions, ada.id)
    assert await catalog.run(users.by_session, b"two") is None


async def test_keys_are_found_by_their_tokens(catalog: Catalog) -> None:
    """They go with their user or workspace, and the last time they were used only moves on."""
    ada = await _user(catalog, "ada")
    await catalog.create_workspace(Workspace("w", "Team"), ada.id)
    made = [
        ApiKey(f"k{number}", ada.id, "n", "tora_x", "full", ("w", None)[number], NOW, (None, LATER)[number])
        for number in range(2)
    ]
    for key in made:
        assert await catalog.run(keys.create, key, key.id.encode()) == key
    with pytest.raises(NotFoundError, match="no workspace"):
        await catalog.run(keys.create, evolve(made[0], id="k", workspace_id="x"), b"k")
    assert await catalog.run(keys.by_token, b"k1") == made[1]
    assert await catalog.run(keys.of_user, ada.id) == made
    await catalog.run(keys.used, {"k0": NOW, "k1": NOW, "gone": NOW})
    await catalog.run(keys.used, {"k0": LATER, "k1": EARLIER})
    assert [key.last_used_at for key in await catalog.run(keys.of_user, ada.id)] == [LATER, NOW]
    assert (await catalog.run(keys.delete, "k1", ada.id)).id == "k1"
    with pytest.raises(NotFoundError, match="no key"):
        await catalog.run(keys.delete, "k1", ada.id)
    await catalog.delete_workspace("w")
    assert await catalog.run(keys.of_user, ada.id) == []


async def test_a_workspace_keeps_an_owner_and_its_invitations_end(catalog: Catalog) -> None:
    """Roles change, the last owner stays one, an accepted invitation takes nothing away, and a lesser role ends all."""
    ada, bob = await _user(catalog, "ada"), await _user(catalog, "bob")
    await catalog.create_workspace(Workspace("w", "Team"), ada.id)
    for change in (
        catalog.run(members.set_role, "w", ada.id, "viewer"),
        catalog.run(members.remove, "w", ada.id),
    ):
        with pytest.raises(LastOwnerError):
            await change
    link = Invitation("i", "w", "editor", ada.id, NOW, LATER)
    await catalog.run(members.invite, evolve(link, id="old", expires_at=EARLIER))
    assert await catalog.run(members.invite, link) == link
    assert await catalog.run(members.invitations_of, "w") == [link]
    assert (await catalog.run(members.accept, "i", bob.id)).role == "editor"
    assert (await catalog.run(members.accept, "i", ada.id)).role == "owner"
    assert [(one.name, one.role) for one in await catalog.run(members.of_workspace, "w")] == [
        ("ada", "owner"),
        ("bob", "editor"),
    ]
    identity = await catalog.run(users.identity, bob.id)
    assert identity is not None
    assert identity.roles == {"w": "editor"}
    await catalog.run(members.set_role, "w", bob.id, "viewer")
    with pytest.raises(NotFoundError, match="no invitation"):
        await catalog.run(members.accept, "i", bob.id)
    await catalog.run(members.set_role, "w", bob.id, "owner")
    await catalog.run(members.remove, "w", ada.id)
    with pytest.raises(NotFoundError, match="no member"):
        await catalog.run(members.remove, "w", ada.id)


async def test_shares_are_an_experiments(catalog: Catalog) -> None:
    """They are listed the newest first, outlive who made them, and go with their experiment."""
    ada = await _user(catalog, "ada")
    await catalog.run(users.ensure_owner)
    await catalog.create_experiment(Experiment("e", "n"))
    made = [
        await catalog.run(shares.create, Share(f"s{day}", "e", ada.id, NOW + day * (LATER - NOW))) for day in (0, 1)
    ]
    assert await catalog.run(shares.of_experiment, "e") == made[::-1]
    with pytest.raises(NotFoundError, match="no experiment"):
        await catalog.run(shares.create, evolve(made[0], id="s", experiment_id="x"))
    await catalog.run(users.delete, ada.id, OWNER_ID)
    assert await catalog.run(shares.get, "s0") == evolve(made[0], created_by=None)
    await catalog.run(shares.delete, "e", "s0")
    with pytest.raises(NotFoundError, match="no share"):
        await catalog.run(shares.delete, "e", "s0")
    await catalog.delete_experiment("e")
    assert await catalog.run(shares.get, "s1") is None


async def test_contexts_are_merged(catalog: Catalog) -> None:
    """Keys of the same name are replaced, the others stay, any JSON comes back as it was, and a whole has a limit."""
    await catalog.create_experiment(Experiment("e", "n"))
    odd: dict[str, Any] = {"nul": "a\x00b", "big": 2**63, "deep": {"z": [1.5, None], "a": "é"}}
    assert await catalog.run(contexts.get, "e") == {}
    assert await catalog.run(contexts.merge, "e", {"argv": ["x"], "nul": 1}) == {"argv": ["x"], "nul": 1}
    merged = await catalog.run(contexts.merge, "e", odd)
    assert merged == await catalog.run(contexts.get, "e") == {"argv": ["x"], **odd}
    assert list(merged["deep"]) == ["z", "a"]
    with pytest.raises(ToraValidationError, match="context"):
        await catalog.run(contexts.merge, "e", {"much": "x" * validation.MAX_CONTEXT_BYTES})
    with pytest.raises(NotFoundError, match="no experiment"):
        await catalog.run(contexts.merge, "x", {})


async def test_a_console_takes_each_line_once(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes again adds what is new, pages go both ways, a NUL is replaced, and there is a limit."""
    await catalog.create_experiment(Experiment("e", "n"))
    printed = [console.Printed(1.75e9 + at, "stdout", text) for at, text in enumerate(("a", "\x00", "ü\x1b[0m"))]
    assert await catalog.run(console.append, "e", "w", 1, printed[:2]) == 2
    assert await catalog.run(console.append, "e", "w", 1, printed) == 3
    assert await catalog.run(console.append, "e", "w", 2, printed[1:2]) == 3
    rows = await catalog.run(console.page, "e", 10)
    assert [row.printed for row in rows] == [printed[0], evolve(printed[1], text="\ufffd"), printed[2]]
    assert await catalog.run(console.page, "e", 10, after=rows[1].number) == rows[2:]
    assert await catalog.run(console.page, "e", 1, before=rows[2].number) == rows[1:2]
    assert await catalog.run(console.page, "e", 1, before=2**63 - 1) == rows[2:]
    monkeypatch.setattr(validation, "MAX_CONSOLE_BYTES", 5)
    with pytest.raises(ConsoleFullError):
        await catalog.run(console.append, "e", "w", 4, printed[:1])
    with pytest.raises(NotFoundError, match="no experiment"):
        await catalog.run(console.append, "x", "w", 1, printed)


async def test_the_audit_log_is_read_backwards(catalog: Catalog) -> None:
    """Its numbers grow, its details are any JSON, and nobody in it needs to be there."""
    for number in range(3):
        entry = AuditEntry(0, NOW, "gone", "ada", "::1", "member.set", "w", {"role": number, "z": [None]})
        await catalog.run(audit.add, entry)
    newest = await catalog.run(audit.page, 2, None)
    assert [entry.details["role"] for entry in newest] == [2, 1]
    (oldest,) = await catalog.run(audit.page, 2, newest[-1].number)
    assert (oldest.actor_name, oldest.at, oldest.details) == ("ada", NOW, {"role": 0, "z": [None]})


async def test_lists_show_what_somebody_may_see(catalog: Catalog) -> None:
    """By workspace, by maker, of nobody, by share, and nothing without a reason; text with a NUL is found nowhere."""
    await catalog.create_workspace(Workspace("w", "Team"))
    for name, workspace, creator in (
        ("in", "w", "a"),
        ("mine", None, "a"),
        ("theirs", None, "b"),
        ("free", None, None),
    ):
        await catalog.create_experiment(Experiment(name, name, workspace_id=workspace), creator=creator)

    async def seen(sight: Sight) -> set[str]:
        page = await catalog.experiments(ExperimentFilter(sight=sight))
        assert page.total == len(page.items)
        return {one.id for one in page.items}

    assert await seen(Sight()) == set()
    assert await seen(Sight(workspaces=frozenset({"w", "x"}))) == {"in"}
    assert await seen(Sight(creator="a", nobodys=True)) == {"mine", "free"}
    assert await seen(Sight(creator="\x00", experiments=frozenset({"theirs"}))) == {"theirs"}
    for wanted in (ExperimentFilter(q="\x00"), ExperimentFilter(tag="\x00"), ExperimentFilter(ids=["\x00"])):
        assert (await catalog.experiments(wanted)).total == 0


async def test_outlines_have_what_expressions_look_at(catalog: Catalog) -> None:
    """Times as numbers, hyperparameters in their order, tags in theirs."""
    given = {"z": 1, "a": {"deep": "\x00"}, "big": 2**60}
    await catalog.create_experiment(Experiment("e", "n", hyperparams=given, tags=("b", "a"), created_at=NOW), "w")
    outlines = await catalog.outlines(ExperimentFilter(), OutlineNeeds(params=True, tags=True))
    (outline,) = outlines.read()
    assert outlines.ids == ["e"]
    assert (outline.owner, outline.params, list(outline.params)) == ("w", given, ["z", "a", "big"])
    assert (outline.tags, outline.ended, outline.created) == (["b", "a"], None, int(NOW.timestamp() * 1e6 + 0.5))
    (bare,) = (await catalog.outlines(ExperimentFilter(), OutlineNeeds())).read()
    assert (bare.params, bare.tags) == ({}, ())


async def test_the_size_is_known(catalog: Catalog) -> None:
    """Where a file is looked at, or the database asked."""
    assert await catalog.size() > 0
