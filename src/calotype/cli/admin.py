"""Look after a place: accounts, invitations, keys, dead letters. Works on the data directory."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from calotype.bootstrap import Embedded
    from calotype.kernel.deadletters import DeadLetter, DeadLetters

LISTED = 50


def with_stores(work: "Callable[[Embedded], Awaitable[None]]") -> None:
    from calotype.bootstrap import open_embedded
    from calotype.cli.process import prepare_alone
    from calotype.settings import load_settings

    settings = load_settings(os.environ)
    prepare_alone(settings)

    async def run() -> None:
        shape = open_embedded(settings, "cli")
        try:
            await work(shape)
        finally:
            await shape.close()

    asyncio.run(run())


@click.group()
def admin() -> None:
    """Accounts, invitations and keys, on the data directory (CALOTYPE_DATA)."""


@admin.command("create-account")
@click.argument("username")
@click.option("--owner", is_flag=True, help="Make it an owner's account.")
@click.option("--email")
@click.password_option()
def create_account(username: str, owner: bool, email: str | None, password: str) -> None:
    """Make an account."""
    from calotype.accounts.account import Role
    from calotype.accounts.create import NewPerson

    async def work(shape: "Embedded") -> None:
        person = NewPerson(username, password, email)
        role = Role.OWNER if owner else Role.MEMBER
        account = await shape.people.administration.create_account(person, role)
        click.echo(f"{account.username} has the id {account.user_id}")

    with_stores(work)


@admin.command("reset-password")
@click.argument("username")
@click.password_option()
def reset_password(username: str, password: str) -> None:
    """Give a person a new password and end all their sessions."""

    async def work(shape: "Embedded") -> None:
        await shape.people.administration.reset_password(username, password)
        click.echo(f"{username} has a new password and must log in again everywhere")

    with_stores(work)


@admin.command()
def invite() -> None:
    """Print an invitation, good for one registration."""

    async def work(shape: "Embedded") -> None:
        click.echo(await shape.people.administration.invite())

    with_stores(work)


@admin.command("rotate-keys")
@click.option("--drop-old", is_flag=True, help="Access tokens signed so far end at once.")
def rotate_keys(drop_old: bool) -> None:
    """Sign new access tokens with a new key."""

    async def work(shape: "Embedded") -> None:
        kid = await shape.people.administration.rotate_keys(drop_old=drop_old)
        click.echo(f"tokens are signed with key {kid} from now on")

    with_stores(work)


@click.group("dead-letters")
def dead_letters() -> None:
    """Jobs and events that failed their last try."""


@dead_letters.command("list")
def list_letters() -> None:
    """The newest 50 of each kind."""

    async def work(shape: "Embedded") -> None:
        from calotype.kernel.ids import MAX_ID

        letters = [
            letter
            for source in shape.dead_letters
            for letter in await source.dead_letters(MAX_ID, LISTED)
        ]
        for letter in letters:
            click.echo(f"{letter.id}  {letter.kind}  {letter.key}  {letter.error[:100]}")
        if not letters:
            click.echo("there are no dead letters")

    with_stores(work)


@dead_letters.command()
@click.argument("id_", metavar="ID", type=int)
def show(id_: int) -> None:
    """All that is known of one."""

    async def work(shape: "Embedded") -> None:
        from calotype.kernel.clock import to_datetime

        _, letter = await _find(shape.dead_letters, id_)
        click.echo(f"id        {letter.id}")
        click.echo(f"source    {letter.source}, lane {letter.lane}")
        click.echo(f"kind      {letter.kind}")
        click.echo(f"key       {letter.key}")
        click.echo(f"payload   {letter.payload}")
        click.echo(f"attempts  {letter.attempts}")
        click.echo(f"died      {to_datetime(letter.died_ms).isoformat(timespec='seconds')}")
        click.echo(f"error     {letter.error}")

    with_stores(work)


@dead_letters.command()
@click.argument("ids", metavar="ID...", type=int, nargs=-1, required=True)
def replay(ids: tuple[int, ...]) -> None:
    """Give dead letters all their tries again; a running worker takes them up at once."""

    async def work(shape: "Embedded") -> None:
        for id_ in ids:
            source, letter = await _find(shape.dead_letters, id_)
            await source.replay(id_)
            click.echo(f"{letter.kind} {letter.key} will be tried again")

    with_stores(work)


async def _find(sources: "tuple[DeadLetters, ...]", id_: int) -> "tuple[DeadLetters, DeadLetter]":
    from calotype.kernel.errors import NotFound

    for source in sources:
        if (letter := await source.dead_letter(id_)) is not None:
            return source, letter
    raise NotFound(f"there is no dead letter {id_}; see calotype dead-letters list")
