"""The `calotype` command. What a subcommand needs is imported when it runs: starting is quick."""

import os
import sys
from pathlib import Path

import click

from calotype.cli.admin import admin, dead_letters
from calotype.cli.by_hand import feed, follow, login, post, register, unfollow
from calotype.cli.demo import demo
from calotype.cli.media import media
from calotype.cli.settings import settings
from calotype.cli.upkeep import check, migrate
from calotype.kernel.errors import CalotypeError, Misconfigured


class Commands(click.Group):
    """Ends with one clear line, and no stack trace, on an error of ours."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Misconfigured as error:
            click.echo(f"calotype: {error.message}", err=True)
            sys.exit(2)
        except CalotypeError as error:
            click.echo(f"calotype: {error.message}", err=True)
            sys.exit(1)


@click.group(cls=Commands)
@click.version_option(package_name="calotype")
def main() -> None:
    """Share photos, follow people, read a feed."""


@main.command()
@click.option("--config", type=click.Path(path_type=Path), help="A TOML file with settings.")
def serve(config: Path | None) -> None:
    """Run Calotype: the web server and the worker, until Ctrl-C."""
    from calotype.cli.serve import serve as run

    if config is not None:
        os.environ["CALOTYPE_CONFIG"] = str(config.absolute())
    sys.exit(run())


@main.command(hidden=True)
@click.option("--fd", type=int, required=True, help="The listening socket.")
@click.option("--parent", type=int, required=True, help="Ends when this pipe closes.")
def web(fd: int, parent: int) -> None:
    """The web process of `serve`."""
    from calotype.cli.web import run_web

    run_web(fd, parent)


@main.command(hidden=True)
@click.option("--parent", type=int, required=True, help="Ends when this pipe closes.")
def worker(parent: int) -> None:
    """The worker process of `serve`."""
    from calotype.cli.worker import run_worker

    run_worker(parent)


for command in (
    admin,
    dead_letters,
    register,
    login,
    post,
    feed,
    follow,
    unfollow,
    migrate,
    check,
    demo,
    settings,
    media,
):
    main.add_command(command)
