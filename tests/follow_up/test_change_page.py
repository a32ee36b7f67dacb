"""The page of two scans, as a browser shows it, and the files beside it."""

import csv
import json
import shutil
from dataclasses import replace
from itertools import pairwise

import nibabel as nib
import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from presight.config import load_config
from presight.follow_up.align import HalfWay
from presight.follow_up.change import map_change
from presight.follow_up.comparison import Comparison, make_report
from presight.follow_up.page import render_change
from presight.follow_up.pair import make_pair
from presight.follow_up.retest import retest_for
from presight.follow_up.time_point import TimePoint
from presight.follow_up.trend import trend
from presight.follow_up.write import write_change, write_trend
from presight.measure.findings import Findings
from presight.study.contrast import Contrast
from presight.study.volume import Grid, Volume

SCRIPT = '<script>document.title="owned"</script><img src=x onerror=alert(1)>"\'&{{ 7 * 7 }}'
SHAPE = (40, 48, 30)
GRID = Grid(SHAPE, np.diag([-2.0, 2.0, 3.0, 1.0]))  # first axis runs to the left
LEFT_BACK, RIGHT_FRONT = (
    (slice(24, 30), slice(8, 14), slice(12, 16)),
    (
        slice(8, 13),
        slice(34, 40),
        slice(12, 16),
    ),
)


def head(name, lesions, day, name_of_file="flair.nii.gz"):
    inside = sum(
        ((i - (n - 1) / 2) / (n / 2 - 3)) ** 2
        for i, n in zip(np.indices(SHAPE), SHAPE, strict=True)
    )
    brain = inside < 1
    flair = np.where(brain, 1 + 0.02 * np.random.default_rng(len(name)).normal(size=SHAPE), 0)
    lesion = np.zeros(SHAPE, bool)
    for place in lesions:
        flair[place], lesion[place] = 1.8, True
    return TimePoint(
        name=name,
        flair=Volume(flair.astype(np.float32), GRID, Contrast.FLAIR),
        brain=brain,
        anatomy=np.where(brain, 3, 0).astype(np.uint8),
        lesion=lesion,
        findings=Findings(lesion_count=len(lesions)),
        day=day,
        outlined_by="expert",
        subject="demo01",
        session=name,
    )


def compared(before, after):
    affine = np.eye(4)
    affine[0, 3] = -79
    still = HalfWay(Grid((80, 96, 90), affine), np.eye(4), np.eye(4), 0.99, 0.1)
    pair, retest = make_pair(before, after, still), retest_for(3)
    changes = map_change(pair, retest, load_config("follow_up.yaml")["change"])
    report = make_report(before, after, pair, changes, still, retest)
    return Comparison(report, before, after, pair, changes, still)


@pytest.fixture(scope="module")
def points():
    return [
        head("a", [LEFT_BACK], 0),
        head("b", [LEFT_BACK, RIGHT_FRONT], 30),
        head("c", [RIGHT_FRONT], 90),
    ]


@pytest.fixture(scope="module")
def comparisons(points):
    return [compared(*pair) for pair in pairwise(points)]


@pytest.fixture(scope="module")
def html(points, comparisons):
    return render_change(comparisons[1], trend(points, comparisons))


@pytest.fixture(scope="module")
def browser():
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if path is None:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-background-networking"]
        chromium = playwright.chromium.launch(executable_path=path, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser, html, tmp_path):
    def open_page(text=html, width=1200, script=True):
        path = tmp_path / "page.html"
        path.write_text(text, encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": 800}, java_script_enabled=script
        )
        page = context.new_page()
        page.said, page.asked = [], []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(path.as_uri())
        return page

    return open_page


def test_the_page_says_what_changed_and_asks_for_nothing(opened):
    page = opened()
    assert page.said == []
    assert [url[:40] for url in page.asked[1:] if not url.startswith("data:")] == []
    text = page.locator("body").inner_text()
    confirmed = "Change that the map confirms"
    for said in ("60 days between", "Resolved", "Research use only", "Course", "day 90", confirmed):
        assert said in text
    assert page.locator(".triple:visible").count() == 1


def test_the_slider_steps_through_the_slices_and_the_other_uncovers_the_scan_before(opened):
    page = opened()
    first = page.locator("#place").inner_text()
    page.locator("#slice").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#place").inner_text() != first
    page.locator("#wipe").focus()
    page.keyboard.press("End")
    assert page.evaluate("document.body.style.getPropertyValue('--wipe')") == "100%"


def test_without_its_script_every_slice_is_there(opened):
    page = opened(script=False)
    assert page.locator(".triple:visible").count() > 5
    assert page.locator("#slice:visible").count() == 0


def test_nothing_scrolls_sideways_on_a_phone(opened):
    page = opened(width=375)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_what_a_name_holds_is_shown_and_never_run(opened, points, comparisons):
    named = replace(comparisons[1], before=points[0], after=replace(points[2], subject=SCRIPT))
    report = named.report.model_copy(update={"before": SCRIPT, "outlined_by": (SCRIPT, SCRIPT)})
    page = opened(render_change(replace(named, report=report)))
    assert page.title() != "owned"
    assert page.said == []
    assert SCRIPT in page.locator("header").inner_text()


def test_left_is_on_the_right_of_the_image(opened):
    page = opened()
    frame = page.locator(".current figure").nth(2).locator("svg").bounding_box()
    gone = page.locator(".current figure").nth(2).locator("path.resolved").bounding_box()
    assert gone["x"] > frame["x"] + frame["width"] / 2  # the left lesion
    assert gone["y"] > frame["y"] + frame["height"] / 2  # at the back
    kept = page.locator(".current figure").nth(2).locator("path.stable").bounding_box()
    assert kept["x"] + kept["width"] < frame["x"] + frame["width"] / 2


def test_the_files_are_named_as_derivatives_and_the_map_lies_where_the_flair_lies(
    points, comparisons, tmp_path
):
    course = trend(points, comparisons)
    files = write_change(comparisons[1], tmp_path, course)
    assert files.page.relative_to(tmp_path).as_posix() == (
        "sub-demo01/ses-c/anat/sub-demo01_ses-c_desc-presight_change.html"
    )
    image = nib.load(files.change_map)
    np.testing.assert_allclose(image.affine, GRID.affine)
    labels = np.asarray(image.dataobj)
    assert (labels[LEFT_BACK] == 5).mean() > 0.9  # resolved
    assert (labels[RIGHT_FRONT] == 1).mean() > 0.9  # stable
    assert json.loads(files.report.read_text())["trend"] == "improved"
    assert (tmp_path / "dataset_description.json").exists()
    first = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    write_change(comparisons[1], tmp_path, course)
    assert {path: path.read_bytes() for path in first} == first
    with write_trend("demo01", course, tmp_path).open() as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    assert [row["name"] for row in rows] == ["a", "b", "c"]
    assert rows[0]["change"] == "n/a"
    assert [row["new"] for row in rows[1:]] == ["1", "0"]
