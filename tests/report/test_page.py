"""The page as a browser shows it."""

import re
from html import escape

import pytest

from presight.config import load_config
from presight.report.page import render_page
from presight.report.wording import percent
from presight.score.assessment import Assessment, Label
from presight.study.clinical import ClinicalRecord, Drug

SCRIPT = '<script>document.title="owned"</script><img src=x onerror=alert(1)>"\'&{{ 7 * 7 }}'


@pytest.fixture(scope="module")
def html(result):
    return render_page(result)


def test_the_page_opens_without_an_error_and_asks_for_nothing(opened):
    page = opened()
    assert page.said == []
    assert [url[:40] for url in page.asked[1:] if not url.startswith("data:")] == []
    assert "demo01" in page.title()


@pytest.mark.parametrize("width", [1200, 375])
def test_the_page_keeps_nobody_out(opened, barriers, width):
    assert barriers(opened(width=width)) == []


def test_nothing_scrolls_sideways_on_a_phone(opened):
    page = opened(width=375)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_long_words_do_not_make_a_phone_scroll_either(opened, make_result, result):
    text = result.assessment.model_dump_json().replace("Seizure", "S" * 90)
    assessment = Assessment.model_validate_json(text.replace("Venous", "V" * 90))
    page = opened(render_page(make_result(assessment=assessment)), width=375)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_every_probability_on_the_page_is_that_of_the_assessment(opened, result):
    page = opened()
    classification = result.assessment.classification
    names = {item["name"]: label for label, item in load_config("report.yaml")["classes"].items()}
    rows = page.locator("#answer tbody tr").all()
    assert len(rows) == 4
    for row in rows:
        label = Label(names[row.locator("th").inner_text()])
        interval = classification.interval[label]
        expected = [classification.probabilities[label], interval.low, interval.high]
        shown = row.locator("data").all()
        assert [float(item.get_attribute("value")) for item in shown] == expected
        assert [item.inner_text() for item in shown] == [percent(p) for p in expected]


def test_contributions_are_shown_with_their_sign(opened, result):
    page = opened()
    for row, fact in zip(
        page.locator("#evidence tbody tr:not(.sum)").all(),
        result.assessment.classification.contributions,
        strict=True,
    ):
        assert fact.name in row.locator("th").inner_text()
        shown = sorted(float(data.get_attribute("value")) for data in row.locator("data").all())
        assert shown == sorted(fact.log_lr.values())
        for cell in row.locator("td").all():
            value = float(cell.locator("data").get_attribute("value"))
            bar, middle = cell.locator("rect").bounding_box(), cell.locator("line").bounding_box()
            if abs(value) > 0.3:
                right_of_middle = bar["x"] + bar["width"] / 2 > middle["x"] + middle["width"] / 2
                assert right_of_middle == (value > 0)


def test_alerts_come_before_the_answer_and_every_part_is_there(opened, result):
    text = opened().locator("body").inner_text()
    assessment = result.assessment
    assert text.index(assessment.alerts[0].text) < text.index(assessment.classification.because)
    for item in assessment.recommendations:
        assert item.action in text
        assert item.against in text
    for sentence in (
        assessment.missing[0].effect,
        assessment.differential[0].settles,
        assessment.severity.because,
        assessment.laboratory[0].reading,
        result.prepared.quality[0].sentence,
        "Research use only. Not a medical device.",
    ):
        assert sentence in text


def test_each_form_is_shown_with_what_decides_it_and_every_item(opened):
    text = opened().locator("#subtypes").inner_text()
    delayed, acute = text.split("Acute toxic form")
    assert "Ruled out by: onset over months." in delayed
    assert "Every needed item is met." in acute
    for item in ("drug on board met, needed", "posterior fossa too unknown\n"):
        assert item in delayed
    assert "Rests on an invented handful of cases." in delayed


def test_criteria_that_are_only_listed_have_no_result(opened):
    page = opened()
    results = page.locator("#criteria .state").all_inner_texts()
    assert results == ["unknown", "listed only"]
    text = page.locator("#criteria").inner_text()
    assert text.count("Still open: oedema on MRI.") == 1
    assert "psychosis not met\n" in text


def test_the_trend_stands_with_the_answer(opened, result):
    assert result.assessment.trend in opened().locator("#answer").inner_text()


def test_what_came_in_is_shown_with_its_units(opened):
    text = opened().locator("#given").inner_text()
    for said in (
        "flair.nii.gz",
        "182\xa0mmHg",
        "54\xa0years",
        "18.2\xa0ng/mL",
        "JC virus: negative",
    ):
        assert said in text


def test_every_source_has_a_link_and_every_reference_leads_to_one(opened):
    page = opened()
    links = [a.get_attribute("href") for a in page.locator("#sources a").all()]
    assert links[0] == "https://doi.org/10.1000/invented.1"
    assert len(links) == 9  # three of the answer, six of what was measured
    for target in {a.get_attribute("href") for a in page.locator("a.ref").all()}:
        assert page.locator(target).count() == 1


def _poisoned(value):
    """The same value with a script in every text that may hold one."""
    if isinstance(value, dict):
        return {key: _poisoned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_poisoned(item) for item in value]
    if value == "not met":  # one of three words, not free text
        return value
    if isinstance(value, str) and (" " in value or value in {"Severe", "yes", "no", "psychosis"}):
        return value + SCRIPT
    return value


def test_a_script_in_any_text_is_shown_and_never_run(opened, make_result, result):
    poisoned = _poisoned(result.assessment.model_dump(mode="json"))
    poisoned["sources"][SCRIPT] = SCRIPT
    poisoned["alerts"][0]["source"] = [SCRIPT, "unlisted" + SCRIPT]
    clinical = ClinicalRecord(
        organ=SCRIPT, drugs=(Drug(name=SCRIPT),), infection_pcr={SCRIPT: True}
    )
    assessment = Assessment.model_validate(poisoned)
    html = render_page(make_result(assessment=assessment, clinical=clinical))
    assert re.findall(r"<script[^>]*>", html) == ["<script>"]  # our own, the last thing there is
    assert html.rstrip().endswith("</script>\n</body>\n</html>")
    assert "<img src=x" not in html
    assert html.count(escape("<script>")) > 20
    assert "{{ 7 * 7 }}" in html
    page = opened(html)
    assert page.title() == "sub-demo01_ses-02 · presight"
    assert page.said == []


@pytest.mark.parametrize("orientation", ["RAS", "LPS", "SRP"])
def test_a_lesion_on_the_left_is_seen_on_the_right_of_every_slice(opened, make_result, orientation):
    html = render_page(make_result(orientation, centres=((-32.0, -78.0, 12.0),)))
    page = opened(html)
    outlined = page.locator(".mosaic figure").filter(has=page.locator(".outline")).all()
    assert outlined
    for figure in outlined:
        frame = figure.locator("svg").bounding_box()
        outline = figure.locator(".outline").bounding_box()
        marks = {text.inner_html(): text.bounding_box() for text in figure.locator("text").all()}
        assert outline["x"] > frame["x"] + frame["width"] / 2
        assert marks["R"]["x"] < frame["x"] + frame["width"] / 2 < marks["L"]["x"]
        assert outline["y"] > frame["y"] + frame["height"] / 2  # occipital: at the back
    volumes = page.locator("#volumes tr", has_text="Occipital").locator("td")
    assert volumes.first.inner_text().strip() == "0"
    assert volumes.last.inner_text().strip() != "0"


def test_the_outline_can_be_hidden_without_a_script(opened):
    page = opened()
    outline = page.locator(".outline").first
    assert outline.is_visible()
    page.get_by_label("Hide the outline").check()
    assert not outline.is_visible()


def test_every_text_has_enough_contrast(opened):
    """WCAG AA: 4.5 to 1 for text of ordinary size."""
    assert opened().evaluate(_CONTRASTS_BELOW) == []


def test_the_page_prints_on_paper(opened):
    page = opened()
    page.emulate_media(media="print")
    assert not page.get_by_label("Hide the outline").is_visible()
    pages = page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n")
    assert 2 <= pages <= 8


def test_the_same_result_gives_the_same_page_of_bounded_size(result, html):
    assert render_page(result) == html
    assert len(html) < 3_000_000


def test_a_study_of_which_little_is_known_has_a_page(opened, make_result, result):
    bare = result.assessment.model_copy(
        update={
            "alerts": (),
            "differential": (),
            "recommendations": (),
            "missing": (),
            "criteria": (),
            "subtypes": (),
            "trend": None,
            "sources": {},
            "severity": result.assessment.severity.model_copy(update={"grade": None, "source": ()}),
        }
    )
    page = opened(
        render_page(
            make_result(assessment=bare, clinical=ClinicalRecord(), centres=(), source=None)
        )
    )
    text = page.locator("body").inner_text()
    assert "No clinical record came with the images" in text
    assert "Not graded" in text
    for section in ("#alerts", "#criteria", "#subtypes"):
        assert page.locator(section).count() == 0
    assert page.locator(".outline").count() == 0
    assert not re.search(r"\bNone\b|\bnan\b", text)


_CONTRASTS_BELOW = """
() => {
  const channel = c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parse = s => s.match(/[\\d.]+/g).map(Number);
  const below = [];
  for (const element of document.querySelectorAll("body *:not(svg *)")) {
    const own = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !element.checkVisibility()) continue;
    let behind = element, back = [255, 255, 255];
    for (; behind; behind = behind.parentElement) {
      const colour = parse(getComputedStyle(behind).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) { back = colour; break; }
    }
    const front = parse(getComputedStyle(element).color);
    const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) below.push(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
  }
  return below;
}
"""
