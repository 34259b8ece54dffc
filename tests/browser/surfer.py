"""Someone who uses the web client in Chromium, and what no screen of it may do."""

import re
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, expect

from tests.server import Server

REPOSITORY = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium")
CLIENT = REPOSITORY / "src/calotype/web/static/index.html"
AXE = REPOSITORY / "ui/node_modules/axe-core/axe.min.js"
PASSWORD = "correct horse"
PHONE = (390, 844)
PATIENCE_MS = 20_000

expect.set_options(timeout=PATIENCE_MS)


def missing() -> str:
    """Why the web client can not be tried here; empty if it can."""
    if CHROMIUM is None:
        return "Chromium is not installed"
    return "" if CLIENT.is_file() else "the web client is not built: make ui"


def launch(playwright: Playwright) -> Browser:
    """Chromium as Debian packs it. --no-sandbox: root has none."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


class Surfer:
    """One person in a browser profile of their own. What the console says is kept in `complaints`."""

    def __init__(self, browser: Browser, server: Server, **options: Any) -> None:
        self.width: int
        self.width, height = options.pop("size", PHONE)
        self.server = server
        self.context: BrowserContext = browser.new_context(
            base_url=server.url,
            viewport={"width": self.width, "height": height},
            locale="en-GB",
            reduced_motion="reduce",
            **options,
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.complaints: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def sign_up(self, username: str) -> None:
        self.page.goto("/signup")
        self.page.get_by_label("Username").fill(username)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="Sign up").click()
        expect(self.page).to_have_url(self.server.url + "/")

    def log_in(self, username: str, password: str = PASSWORD) -> None:
        self.page.goto("/login")
        self.page.get_by_label("Username or email").fill(username)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Log in").click()
        expect(self.page).to_have_url(self.server.url + "/")

    def visit(self, path: str) -> None:
        """Go there, and wait until what was asked for is there."""
        self.page.goto(path)
        expect(self.page.locator("h1")).to_have_count(1)
        expect(self.page.locator(".skeleton")).to_have_count(0)

    def pick(self, *photos: Path) -> None:
        """Choose photos for a new post, and wait for their previews."""
        self.visit("/create")
        self.page.locator("input[type=file]").first.set_input_files(list(photos))
        expect(self.page.locator(".strip img")).to_have_count(len(photos))

    def share(self, caption: str) -> None:
        self.page.get_by_role("textbox", name="Caption").fill(caption)
        self.page.get_by_role("button", name="Share", exact=True).click()
        expect(self.page).to_have_url(self.server.url + "/")

    def post_of(self, caption: str) -> Any:
        """The post in the feed with these words."""
        return self.page.get_by_role("article").filter(has_text=re.compile(re.escape(caption)))

    def violations(self) -> list[str]:
        """What axe finds on the screen, as readable lines."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("async () => (await axe.run()).violations")
        return [
            f"{each['id']}: {each['help']}: {node['html'][:160]}"
            for each in found
            for node in each["nodes"]
        ]

    def overflow(self) -> int:
        """Pixels by which the screen is wider than the window."""
        wide: int = self.page.evaluate("document.documentElement.scrollWidth")
        return max(0, wide - self.width)

    def leave(self) -> None:
        self.context.close()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)
