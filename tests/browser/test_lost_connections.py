"""What happens without a network, and when the server dies in the middle."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.surfer import Surfer
from tests.server import Server

Arrive = Callable[..., Surfer]
EXPECTED = ("Failed to load resource", "net::ERR_")


def test_the_last_feed_can_be_read_offline_and_likes_are_sent_later(
    arrive: Arrive, camera_photo: Path
) -> None:
    fay = arrive()
    fay.sign_up("fay")
    fay.pick(camera_photo)
    fay.share("Seen before")
    expect(fay.post_of("Seen before").locator("img.full")).to_be_visible()
    fay.page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    fay.visit("/")
    expect(fay.post_of("Seen before").locator(".there img.full")).to_be_visible()

    fay.context.set_offline(True)
    fay.page.reload()
    expect(fay.page.get_by_text("You are offline")).to_be_visible()
    post = fay.post_of("Seen before")
    expect(post.locator(".there img.full")).to_be_visible()
    post.get_by_role("button", name="Like", exact=True).click()
    expect(post.get_by_text("1 like")).to_be_visible()

    with fay.page.expect_response("**/like") as sent:
        fay.context.set_offline(False)
    assert sent.value.status == 200
    fay.complaints[:] = [each for each in fay.complaints if not each.startswith(EXPECTED)]


def test_an_upload_outlives_the_server(arrive: Arrive, server: Server, camera_photo: Path) -> None:
    gil = arrive()
    gil.sign_up("gil")
    gil.pick(camera_photo)
    server.kill_tree()
    gil.share("Sent in the end")
    expect(gil.page.get_by_text("Waiting to be sent").last).to_be_visible()
    server.start()
    gil.page.get_by_role("button", name="Try again").first.click()
    expect(gil.post_of("Sent in the end").locator("img.full")).to_be_visible()
    # Once, however often it was tried.
    gil.page.reload()
    expect(gil.post_of("Sent in the end")).to_have_count(1)
    gil.complaints[:] = [each for each in gil.complaints if not each.startswith(EXPECTED)]
