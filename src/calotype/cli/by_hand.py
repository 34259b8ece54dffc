"""Use Calotype by hand, through its HTTP API.

The log-in is kept in a file that only its owner can read, `credentials.json` in
`$XDG_CONFIG_HOME/calotype`. CALOTYPE_URL names the server, http://127.0.0.1:8000 by default.
"""

import json
import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import httpx

DEFAULT_URL = "http://127.0.0.1:8000"
TIMEOUT_S = 60.0


class Api:
    """A server and a log-in; renews the access token once when the server refuses it."""

    def __init__(self, file: Path, saved: dict[str, str]) -> None:
        import httpx

        self._file = file
        self._saved = saved
        self._http = httpx.Client(base_url=f"{saved['url']}/api/v1", timeout=TIMEOUT_S)

    def call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """The answer's JSON. Raises ClickException with the problem's own words."""
        answer = self._send(method, path, **options)
        if answer.status_code == 401 and "refreshToken" in self._saved:
            self._refresh()
            answer = self._send(method, path, **options)
        return _read(answer)

    def keep(self, grant: dict[str, Any]) -> None:
        """Remember a grant for the next command."""
        self._saved |= {name: grant[name] for name in ("accessToken", "refreshToken", "username")}
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(self._saved, out)
        fresh.rename(self._file)

    def _refresh(self) -> None:
        token = {"refreshToken": self._saved["refreshToken"]}
        answer = self._http.post("/tokens/refresh", json=token)
        if answer.is_error:
            raise click.ClickException("your log-in has ended; run: calotype login NAME")
        self.keep(answer.json())

    def _send(self, method: str, path: str, **options: Any) -> "httpx.Response":
        import httpx

        headers = {"Authorization": f"Bearer {token}"} if (token := self._token) else {}
        for stream in options.pop("rewind", ()):
            stream.seek(0)
        try:
            return self._http.request(method, path, headers=headers, **options)
        except httpx.TransportError as error:
            raise click.ClickException(
                f"{self._saved['url']} does not answer ({error}); is it running? "
                "CALOTYPE_URL names another server"
            ) from error

    @property
    def _token(self) -> str:
        return self._saved.get("accessToken", "")


def _read(answer: "httpx.Response") -> dict[str, Any]:
    try:
        content: dict[str, Any] = answer.json() if answer.content else {}
    except ValueError:
        content = {}
    if answer.is_error:
        raise click.ClickException(
            content.get("detail", f"the server answered {answer.status_code}")
        )
    return content


def _api(*, logged_in: bool = True) -> Api:
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    file = Path(home) / "calotype" / "credentials.json"
    saved: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    url = os.environ.get("CALOTYPE_URL", "").rstrip("/") or saved.get("url", DEFAULT_URL)
    if saved.get("url") != url:
        saved = {}  # a log-in is never sent to another server than the one that gave it
    if logged_in and "accessToken" not in saved:
        raise click.ClickException("log in first: calotype login NAME")
    return Api(file, saved | {"url": url})


@click.command()
@click.argument("username")
@click.option("--invitation", help="Where registration needs one.")
@click.password_option()
def register(username: str, invitation: str | None, password: str) -> None:
    """Make an account on the server and log in."""
    api = _api(logged_in=False)
    wish = {"username": username, "password": password}
    grant = api.call(
        "POST", "/accounts", json=wish | ({"invitation": invitation} if invitation else {})
    )
    api.keep(grant)
    click.echo(f"welcome, {grant['username']}")


@click.command()
@click.argument("username")
@click.option("--password", prompt=True, hide_input=True)
def login(username: str, password: str) -> None:
    """Log in."""
    api = _api(logged_in=False)
    grant = api.call("POST", "/tokens", json={"username": username, "password": password})
    api.keep(grant)
    click.echo(f"logged in as {grant['username']}")


@click.command()
@click.argument(
    "photos", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--caption", default="", help="Words, with #hashtags and @mentions.")
@click.option("--alt", "alts", multiple=True, help="What a photo shows; repeat for each photo.")
@click.option("--audience", type=click.Choice(["everyone", "followers"]), default="everyone")
def post(photos: tuple[Path, ...], caption: str, alts: tuple[str, ...], audience: str) -> None:
    """Share 1 to 10 photos."""
    api = _api()
    fields = {
        "caption": caption,
        "audience": audience,
        "media": json.dumps([{"altText": alt} for alt in alts]),
    }
    with ExitStack() as stack:
        streams = [stack.enter_context(photo.open("rb")) for photo in photos]
        files = [
            ("mediaFile", (photo.name, stream))
            for photo, stream in zip(photos, streams, strict=True)
        ]
        created = api.call("POST", "/posts", data=fields, files=files, rewind=streams)
    click.echo(f"post {created['postId']} is {created['status']}")


@click.command()
@click.option("--latest", is_flag=True, help="Newest first instead of ranked.")
@click.option("--limit", type=click.IntRange(1, 100), default=20)
def feed(latest: bool, limit: int) -> None:
    """Read the feed."""
    order = "chronological" if latest else "ranked"
    page = _api().call("GET", "/feed", params={"limit": limit, "order": order})
    for shown in page["posts"]:
        photos = len(shown["media"])
        click.secho(f"@{shown['author']['username']}", bold=True, nl=False)
        click.echo(f"  {shown['timestamp'][:16].replace('T', ' ')}  {shown['status']}")
        if shown["caption"]:
            click.echo(f"  {shown['caption']}")
        for url in shown["mediaUrls"]:
            click.echo(f"  {url}")
        click.echo(f"  {photos} photo{'s' if photos > 1 else ''}, post {shown['postId']}\n")
    if not page["posts"]:
        click.echo("nothing here yet; follow someone: calotype follow NAME")


@click.command()
@click.argument("username")
def follow(username: str) -> None:
    """Follow a person."""
    _api().call("POST", f"/users/@{username.removeprefix('@')}/follow")
    click.echo(f"you follow {username}")


@click.command()
@click.argument("username")
def unfollow(username: str) -> None:
    """Stop following a person."""
    _api().call("DELETE", f"/users/@{username.removeprefix('@')}/follow")
    click.echo(f"you no longer follow {username}")
