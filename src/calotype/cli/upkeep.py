"""Upgrade a place and look whether it is whole. Works on the data directory."""

import os

import click


@click.command()
def migrate() -> None:
    """Bring the databases up to date; `serve` does the same at its start.

    A database that is in use is copied to backups/ first. The server must not run meanwhile.
    """
    from calotype.cli.process import prepare_alone
    from calotype.settings import load_settings

    for done in prepare_alone(load_settings(os.environ)):
        if done.before == done.after:
            click.echo(f"{done.name}: at schema {done.after}, nothing to do")
        elif done.before is None:
            click.echo(f"{done.name}: made at schema {done.after}")
        else:
            click.echo(f"{done.name}: from schema {done.before} to {done.after}")
        if done.backup is not None:
            click.echo(f"  as it was: {done.backup}")
