"""Facts switched off in a browser: what is shown is what the score gives without them."""

import base64
import hashlib
import re

import pytest

from presight.measure.findings import Findings
from presight.report.page import render_page
from presight.report.wording import percent
from presight.score import assess
from presight.study.clinical import ClinicalRecord, Drug, Onset

FINDINGS = Findings(
    source="reading",
    involved_regions={"deep_wm": True, "parietal": False, "occipital": False, "temporal": True}
    | {"pons": True, "cerebellum": True, "cortex": False, "deep_grey": False},
    bilateral=True,
    symmetric=True,
    confluent_diffuse=True,
    restricted_diffusion="partial",
)
RECORD = ClinicalRecord(
    drugs=(Drug(name="tacrolimus"),),
    seizure=True,
    altered_mental_status=True,
    headache=True,
    mean_arterial_mmhg=130,
    onset=Onset.SUBACUTE,
)
ANSWER = assess(FINDINGS, RECORD)
LISTED = [each.feature for each in ANSWER.classification.contributions]


@pytest.fixture(scope="module")
def html(make_result):
    return render_page(make_result(assessment=ANSWER))


def switch(page, feature):
    return page.locator(f"[data-fact={feature}]")


def shown(page):
    """Probabilities in the answer and in the last line of the evidence, by class."""
    names = {"PRES": "pres", "Toxic leukoencephalopathy": "toxic_leukoencephalopathy"}
    names |= {"Another cause": "other", "No finding": "no_finding"}
    rows = page.locator("#answer tbody tr").all()
    answer = {names[r.locator("th").inner_text()]: r.locator("td.num").first for r in rows}
    last = page.locator(".after td").all()
    return {k: v.inner_text() for k, v in answer.items()}, [cell.inner_text() for cell in last]


def expected(**more):
    found = assess(FINDINGS, RECORD, **more).classification.probabilities
    return {label.value: percent(share) for label, share in found.items()}


@pytest.mark.parametrize("feature", LISTED)
def test_without_one_fact_the_page_says_what_the_score_says(opened, html, feature):
    page = opened(html)
    switch(page, feature).uncheck()
    answer, last = shown(page)
    assert answer == expected(without=[feature])
    assert sorted(last) == sorted(answer.values())
    assert page.said == []


def test_the_page_keeps_nobody_out_while_a_fact_is_off(opened, html, barriers):
    page = opened(html)
    assert barriers(page) == []
    switch(page, LISTED[0]).uncheck()
    assert barriers(page) == []


def test_several_facts_can_be_off_and_all_come_back(opened, html):
    page = opened(html)
    before = shown(page)
    off = ["calcineurin_inhibitor", "symmetric", "seizure"]
    for feature in off:
        switch(page, feature).uncheck()
    assert shown(page)[0] == expected(without=off) != before[0]
    switch(page, "symmetric").check()
    assert shown(page)[0] == expected(without=["calcineurin_inhibitor", "seizure"])
    page.get_by_role("button", name="Count every fact again").click()
    assert shown(page) == before


def test_bars_follow_and_intervals_and_verdict_are_greyed_while_a_fact_is_off(opened, html):
    page = opened(html)
    bar, interval = (
        page.locator("#answer .chosen .value, #answer .value").first,
        "#answer .interval",
    )
    width = bar.bounding_box()["width"]

    def looks():
        style = "e => [getComputedStyle(e).color, getComputedStyle(e).opacity]"
        greyed = (interval, "#answer .verdict", "#answer .bar line")
        return [page.locator(each).first.evaluate(style) for each in greyed]

    before = looks()
    assert not page.locator("#answer [role=status]").is_visible()
    switch(page, "symmetric_white_matter").uncheck()
    assert all(now != then for now, then in zip(looks(), before, strict=True))
    assert page.locator("#answer [role=status]").is_visible()
    assert abs(bar.bounding_box()["width"] - width) > 5
    switch(page, "symmetric_white_matter").check()
    assert looks() == before
    assert bar.bounding_box()["width"] == width


def test_the_probabilities_stay_in_sight_while_facts_are_off(opened, html):
    page = opened(html)
    switch(page, LISTED[0]).uncheck()
    page.locator("#evidence tbody tr").nth(1).scroll_into_view_if_needed()
    box = page.locator(".after").bounding_box()
    assert 0 <= box["y"] <= 800 - box["height"] + 1


def test_without_a_script_there_are_no_switches_and_nothing_is_missing(browser, html, tmp_path):
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    pages = {}
    for scripted in (True, False):
        context = browser.new_context(java_script_enabled=scripted)
        pages[scripted] = context.new_page()
        pages[scripted].goto((tmp_path / "page.html").as_uri())
    assert switch(pages[True], LISTED[0]).is_visible()
    assert not switch(pages[False], LISTED[0]).is_visible()
    assert shown(pages[False]) == shown(pages[True])
    hint = "Switch a fact off to see the probabilities without it."
    texts = {scripted: page.locator("main").inner_text() for scripted, page in pages.items()}
    assert texts[False].split() == texts[True].replace(hint, "").split()
    for page in pages.values():
        page.context.close()


def test_paper_shows_the_answer_with_every_fact_whatever_is_off(opened, html):
    page = opened(html)
    whole = shown(page)
    switch(page, LISTED[0]).uncheck()
    assert shown(page) != whole
    page.emulate_media(media="print")
    assert shown(page) == whole
    assert not switch(page, LISTED[0]).is_visible()
    assert (
        page.locator(".interval").first.evaluate("e => getComputedStyle(e).fontStyle") == "normal"
    )


def test_the_policy_allows_this_script_and_no_other(opened, html):
    script = re.search(r"<script>(.*)</script>", html, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html).group(1)
    assert "default-src 'none'" in policy
    assert re.search(r"script-src ([^;]*)", policy).group(1) == f"'sha256-{digest}'"
    other = html.replace("</main>", '</main><script>document.title = "owned"</script>')
    attribute = other.replace("<body>", "<body onload=\"document.title = 'owned'\">")
    page = opened(attribute)
    assert page.title() == "sub-demo01_ses-02 · presight"
    assert len(page.said) == 2  # both refused
    switch(page, LISTED[0]).uncheck()
    assert page.locator("body.trying").count() == 1  # ours still runs


def test_the_ids_that_the_script_reads_cannot_break_out_of_their_attribute(opened, make_result):
    evil = '"><script>document.title="owned"</script>'
    record = ANSWER.model_dump(mode="json")
    for each in (*record["classification"]["weights"], *record["classification"]["contributions"]):
        each["feature"] += evil
    for each in record["classification"]["weights"]:
        each["group"] += evil
        each["read_from"] = [name + evil for name in each["read_from"]]
    page = opened(render_page(make_result(assessment=type(ANSWER).model_validate(record))))
    page.locator("[data-fact]").first.uncheck()
    assert page.title() == "sub-demo01_ses-02 · presight"
    assert shown(page)[0] == expected(without=[LISTED[0]])
    assert page.said == []


def test_an_answer_without_weights_has_no_switches(opened, result):
    page = opened(render_page(result))
    assert page.locator("[data-fact]").count() == 0
    assert page.said == []


def test_switches_do_not_make_a_phone_scroll_sideways(opened, html):
    page = opened(html, width=375)
    switch(page, LISTED[0]).uncheck()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
