"""The page, driven as a person would: log in, look, switch, draw, save, hand over to another."""

from __future__ import annotations

import io
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page, expect, sync_playwright

from presight.review.accounts import Role, add_account
from presight.review.api import Desk, HospitalLogin, make_app
from presight.review.api.app import STATIC
from presight.review.decisions import history
from presight.review.masks import parse_outline
from presight.review.record import get_document, verify
from presight.review.rescore import own_outline
from presight.review.results import StudyFolder
from presight.review.worklist import refresh

LONG = 120_000  # ms: a software renderer on a busy machine
PASSWORDS = {"anna": "a long password 1", "ben": "a long password 2", "rea": "a long password 3"}
SOFTWARE_GL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not (STATIC / "index.html").is_file():
        pytest.skip("the page was not built: needs Node and `make web`")
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-background-networking", *SOFTWARE_GL],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def address(desk: Desk, add_copies: Callable[[int], None]) -> Iterator[str]:
    """The desk on a port of this machine, with three studies; one has itself as its prior."""
    add_copies(2)
    stem = desk.results / "sub-copy001" / "anat" / "sub-copy001_space-orig"
    for own, prior in (
        ("desc-brain_FLAIR", "desc-prior_FLAIR"),
        ("label-L_desc-hyperintensity_mask", "label-L_desc-prior_mask"),
    ):
        os.link(f"{stem}_{own}.nii.gz", f"{stem}_{prior}.nii.gz")
    refresh(desk.store, desk.results)
    with _served(desk) as address:
        yield address


@contextmanager
def _served(desk: Desk) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(make_app(desk), port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/"
    server.should_exit = True
    thread.join()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Page]:
    page: Page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(LONG)
    expect.set_options(timeout=LONG)
    said: list[str] = []
    page.on("console", lambda m: said.append(m.text) if "401" not in m.text else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address)
    yield page
    page.close()
    assert said == []


def come_in(page: Page, name: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORDS[name])
    page.get_by_role("button", name="Log in").click()
    page.locator(".rows .row").first.wait_for()


def open_study(page: Page, find: str) -> None:
    page.keyboard.press("/")
    page.keyboard.type(find)
    expect(page.locator(".rows .row")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.locator(".canvases[data-shown=all]").wait_for()


def share(page: Page, label: str = "pres") -> float:
    return float(page.locator(f"[data-class={label}]").get_attribute("value") or "nan")


def test_two_people_at_the_desk(page: Page, desk: Desk) -> None:
    study = StudyFolder(desk.results, desk.results / "sub-desk01" / "anat", "sub-desk01")
    told = study.assessment["classification"]["probabilities"]["pres"]
    come_in(page, "ben")
    open_study(page, "desk")
    assert share(page) == told
    volume = page.locator("[data-name=lesion_ml]").get_attribute("value")
    assert float(volume or "nan") == study.findings["lesion_ml"]

    place = page.locator(".place")
    before = place.inner_text()
    page.keyboard.press("ArrowUp")
    expect(place).not_to_have_text(before)

    _switch_a_fact_off_and_on(page, told)
    _draw_and_save(page)
    _check_what_was_drawn(desk, study)

    page.get_by_role("button", name="Log out").click()
    come_in(page, "anna")
    page.get_by_role("link", name="Record").click()
    expect(page.locator("main")).to_contain_text("Whole:")
    expect(page.locator("main")).to_contain_text("Edited")
    expect(page.locator("main")).to_contain_text("drawn in a test")


def test_images_side_by_side_and_everything_by_keys(page: Page, desk: Desk) -> None:
    come_in(page, "ben")
    open_study(page, "copy001")  # with the scan itself as its prior scan
    page.locator("[data-beside=prior][aria-pressed=true]").wait_for()
    expect(page.locator(".canvases .canvas")).to_have_count(2)
    here, there = (page.locator(".canvases canvas").nth(i) for i in (0, 1))
    _wait_until(lambda: _alike(here, there) > 0.99, page)
    before = _grey(here)
    for _ in range(2):  # 9 mm up the lesion is still there
        page.keyboard.press("ArrowUp")
    _wait_until(lambda: np.abs(_grey(here) - before).mean() > 1, page)
    _wait_until(lambda: _alike(here, there) > 0.99, page)  # the other one moved along
    outlined = _grey(here)
    page.keyboard.press("o")
    _wait_until(lambda: np.abs(_grey(here) - outlined).max() > 20, page)
    place = page.locator(".place")
    expect(place).to_contain_text("mm")
    for one, other in ((here, there), (there, here)):  # whichever is clicked, the other goes along
        told = place.inner_text()
        box = one.bounding_box()
        assert box is not None
        one.click(position={"x": 0.4 * box["width"], "y": 0.5 * box["height"]})
        expect(place).not_to_have_text(told)
        _wait_until(lambda: _alike(here, there) > 0.98, page)
        other.click(position={"x": 0.5 * box["width"], "y": 0.4 * box["height"]})
    page.keyboard.press("3")
    before_text = place.inner_text()
    page.keyboard.press("PageUp")  # in the coronal plane: to the front
    expect(place).not_to_have_text(before_text)

    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("window and level")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("tab", name="Answer").focus()
    for tab in ("Facts", "Regions", "Advice", "Criteria", "Labs"):
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("tab", name=tab)).to_be_focused()
    expect(page.locator("svg.chart[aria-label^='Tacrolimus']")).to_be_visible()
    page.keyboard.press("a")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".decide .state")).to_have_text("Accepted")
    page.locator(".place").click()  # away from the words
    page.keyboard.press("Escape")
    page.locator(".rows .row").first.wait_for()


def test_no_view_keeps_anybody_out(page: Page, barriers: Callable[[Page], list[str]]) -> None:
    """As axe-core sees it, and for who has no mouse: the worklist is where the keys go."""
    found = {"login": barriers(page)}
    come_in(page, "anna")
    expect(page.get_by_role("grid", name="Studies")).to_be_focused()
    found["worklist"] = barriers(page)
    page.get_by_label("Find id").fill("nobody")
    expect(page.get_by_text("No study matches.")).to_be_visible()
    found["empty worklist"] = barriers(page)
    page.get_by_label("Find id").fill("")
    page.locator(".rows .row").first.wait_for()
    for view in ("Record", "Agreement", "Accounts"):
        page.get_by_role("link", name=view).click()
        page.get_by_role("heading", name=view, exact=True).wait_for()
        assert page.title() == f"{view} · presight review"
        found[view] = barriers(page)
    for opens in ("Keys", "anna · admin"):
        page.get_by_role("button", name=opens).click()
        found[opens] = barriers(page)
        page.keyboard.press("Escape")
    page.evaluate("() => { location.hash = '#/nowhere'; }")
    page.get_by_role("alert").wait_for()
    found["nowhere"] = barriers(page)
    page.get_by_role("link", name="Worklist").click()
    page.locator(".rows .row").first.wait_for()
    open_study(page, "copy001")
    assert page.title() == "Study · presight review"  # a browser keeps it: no name of a patient
    for tab in page.get_by_role("tab").all():
        tab.click()
        found[tab.inner_text()] = barriers(page)
    page.get_by_role("tab", name="Facts").click()
    page.locator("[data-fact=seizure]").click()
    found["a fact switched off"] = barriers(page)
    page.locator("[data-kind=reject]").click()
    found["deciding"] = barriers(page)
    assert {view: faults for view, faults in found.items() if faults} == {}


def test_the_next_study_is_one_key_away(page: Page) -> None:
    come_in(page, "rea")
    page.keyboard.press("Enter")
    page.locator(".canvases[data-shown=all]").wait_for()
    first = page.locator(".head h1").inner_text()
    page.keyboard.press("n")
    expect(page.locator(".head h1")).not_to_have_text(first)
    page.locator(".canvases[data-shown=all]").wait_for()
    page.keyboard.press("b")
    expect(page.locator(".head h1")).to_have_text(first)


def test_the_hospitals_login_leads_to_the_worklist(browser: Any, desk: Desk, issuer: str) -> None:
    """Over two sites, as in a hospital: what the cookies allow is the browser's to say."""
    login = HospitalLogin(issuer, "desk", "a client secret")
    with desk.store.write() as db:
        add_account(db, "tests", "dora", Role.REVIEWER, None)
    httpx.put(f"{issuer}/users/dora", json={"preferred_username": "dora"}).raise_for_status()
    with _served(replace(desk, hospital=login)) as address:
        page: Page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(LONG)
        page.goto(address)
        page.get_by_role("link", name="Hospital login").click()
        page.locator("input[name=sub]").fill("dora")
        page.keyboard.press("Enter")
        page.locator(".rows .row").first.wait_for()
        assert page.url.startswith(address)
        page.get_by_role("button", name="dora · reviewer").wait_for()
        page.close()


def _grey(canvas: Locator) -> NDArray[np.float64]:
    picture = Image.open(io.BytesIO(canvas.screenshot())).convert("L")
    whole = np.asarray(picture.resize((200, 200)), dtype=np.float64)
    return whole[5:180, 5:-5]  # without the name and the frame of what has the focus


def _alike(one: Locator, other: Locator) -> float:
    return float(np.corrcoef(_grey(one).ravel(), _grey(other).ravel())[0, 1])


def _wait_until(true: Callable[[], bool], page: Page) -> None:
    end = time.monotonic() + LONG / 1000
    while not true():
        assert time.monotonic() < end
        page.wait_for_timeout(300)


def _switch_a_fact_off_and_on(page: Page, told: float) -> None:
    page.get_by_role("tab", name="Facts").click()
    page.locator("[data-fact=seizure]").click()
    assert share(page) < told
    page.get_by_role("button", name="Count all again").click()
    assert share(page) == told


def _draw_and_save(page: Page) -> None:
    """Draw a stroke in the right half of the picture, where the patient's left is."""
    page.keyboard.press("2")
    page.get_by_role("button", name="Pen", exact=True).click()
    box = page.locator(".canvases canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + 0.6 * box["width"], box["y"] + 0.5 * box["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 25, steps=4)
    page.mouse.up()
    page.locator("[data-act=rescore]").click()
    expect(page.locator(".answer-head")).to_contain_text("With your edit")
    page.get_by_label("Words").fill("drawn in a test")
    page.locator("[data-act=save]").click()
    expect(page.locator(".decide .state")).to_have_text("Edited")
    page.locator("[data-kind=accept]").click()
    page.locator("[data-act=save]").click()
    expect(page.locator(".decide .state")).to_have_text("Accepted")


def _check_what_was_drawn(desk: Desk, study: StudyFolder) -> None:
    own, grid = own_outline(study)
    with desk.store.read() as db:
        assert verify(db).faults == ()
        _, edit = history(db, study.name)
        content = get_document(db, edit["content"]["kept"]["mask"])
    assert content is not None
    drawn = parse_outline(content, grid) & ~own
    assert drawn.any()
    world = grid.affine[:3, :3] @ np.argwhere(drawn).T + grid.affine[:3, 3:]
    assert (world[0] < 0).all()  # left of the middle, in RAS+ millimetres
    assert not (own & ~parse_outline(content, grid)).any()
