"""What people come for: share a photo, and see what others share."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.surfer import Surfer

Arrive = Callable[..., Surfer]


def test_a_photo_goes_from_one_phone_to_another(arrive: Arrive, camera_photo: Path) -> None:
    ada, ben = arrive(), arrive()
    ada.sign_up("ada")
    ben.sign_up("ben")

    # A new person is shown people at once, and follows one of them.
    ben.visit("/")
    ben.page.get_by_role("button", name="Follow ada").click()
    expect(ben.page.get_by_role("button", name="Unfollow ada")).to_be_visible()

    ada.pick(camera_photo)
    ada.page.get_by_role("button", name="Lacock").click()
    ada.page.get_by_label("Strength").fill("0.8")
    ada.share("The oriel window")
    # It is there at once, still being developed, and then itself.
    expect(ada.post_of("The oriel window").locator("img.full")).to_be_visible()
    expect(ada.page.get_by_role("link", name="View post")).to_be_visible()

    ben.page.reload()
    post = ben.post_of("The oriel window")
    expect(post.locator(".there img.full")).to_be_visible()
    post.get_by_role("button", name="Like", exact=True).click()
    expect(post.get_by_text("1 like")).to_be_visible()

    ada.page.reload()
    expect(ada.post_of("The oriel window").get_by_text("1 like")).to_be_visible()


def test_a_name_is_completed_while_it_is_written(arrive: Arrive, camera_photo: Path) -> None:
    clara = arrive()
    clara.sign_up("clara")
    clara.pick(camera_photo)
    field = clara.page.get_by_role("textbox", name="Caption")
    field.press_sequentially("With @cla")
    expect(clara.page.get_by_role("option", name="@clara")).to_be_visible()
    field.press("Enter")
    expect(field).to_have_value("With @clara ")


def test_a_deleted_post_can_be_had_back(arrive: Arrive, camera_photo: Path) -> None:
    dora = arrive()
    dora.sign_up("dora")
    dora.pick(camera_photo)
    dora.share("Not for long")
    expect(dora.post_of("Not for long").locator("img.full")).to_be_visible()
    dora.page.get_by_role("button", name="More about this post").click()
    dora.page.get_by_role("button", name="Delete").click()
    expect(dora.post_of("Not for long")).to_have_count(0)
    dora.page.get_by_role("button", name="Undo").click()
    expect(dora.post_of("Not for long")).to_have_count(1)


def test_the_way_back_leads_to_where_one_was(arrive: Arrive, camera_photo: Path) -> None:
    erna = arrive()
    erna.sign_up("erna")
    for caption in ("First", "Second", "Third"):
        erna.pick(camera_photo)
        erna.share(caption)
        expect(erna.post_of(caption).locator("img.full")).to_be_visible()
    erna.page.mouse.wheel(0, 500)
    erna.page.wait_for_function("() => scrollY > 400")
    before = erna.page.evaluate("scrollY")
    erna.post_of("Second").get_by_role("link", name="erna").last.click()
    expect(erna.page).to_have_url(erna.server.url + "/@erna")
    erna.page.go_back()
    expect(erna.post_of("Second")).to_be_visible()
    assert abs(erna.page.evaluate("scrollY") - before) < 5


def test_a_comment_is_answered_and_told_of(arrive: Arrive, camera_photo: Path) -> None:
    hanna, iwan = arrive(), arrive()
    hanna.sign_up("hanna")
    iwan.sign_up("iwan")
    hanna.pick(camera_photo)
    hanna.share("Say something")
    expect(hanna.post_of("Say something").locator("img.full")).to_be_visible()
    hanna.page.get_by_role("link", name="View post").click()
    expect(hanna.page.get_by_role("heading", name="Comments")).to_be_visible()

    iwan.visit(hanna.page.url)
    iwan.page.get_by_label("Write a comment").fill("What light! <b>@hanna</b>")
    iwan.page.get_by_role("button", name="Send").click()
    expect(iwan.page.get_by_text("What light! <b>@hanna</b>")).to_be_visible()

    hanna.visit("/")
    hanna.page.get_by_role("link", name=re.compile(r"Notifications, \d unread")).click()
    hanna.page.get_by_role("link", name="iwan").first.click()
    expect(hanna.page.get_by_text("What light!")).to_be_visible()
    hanna.page.get_by_role("button", name="Answer").click()
    hanna.page.get_by_label("Answer iwan").fill("Morning, in August")
    hanna.page.get_by_role("button", name="Send").last.click()
    expect(hanna.page.get_by_text("Morning, in August")).to_be_visible()
