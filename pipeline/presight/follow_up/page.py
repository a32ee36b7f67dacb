"""One self-contained page for two scans of one head: before, after, change, course."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from presight.config import load_config
from presight.follow_up.charts import HEIGHT, LEFT, WIDTH, plot
from presight.follow_up.comparison import Comparison
from presight.follow_up.figures import make_slices
from presight.follow_up.trend import TrendPoint
from presight.report import wording

_DOUBLED = 100
_SMALLEST_ML = 0.01


def render_change(comparison: Comparison, course: tuple[TrendPoint, ...] = ()) -> str:
    """Render the comparison of two scans as HTML.

    Wording comes from ``configs/follow_up.yaml``; every text of the study is escaped. The page asks
    for nothing and is whole without its script and on paper.

    Parameters
    ----------
    comparison : Comparison
    course : tuple of TrendPoint
        Every scan that is known of the patient; left out where empty.
    """
    words = load_config("follow_up.yaml")["page"]
    script, digest = _script()
    report = comparison.report
    return (
        _environment()
        .get_template("change.html")
        .render(
            script=script,
            script_hash=digest,
            words=words,
            research=load_config("report.yaml"),
            region_names=load_config("anatomy.yaml")["names"],
            subject=comparison.after.subject,
            report=report,
            slices=make_slices(comparison),
            lesions=report.lesions[: words["lesions_shown"]],
            course=course,
            plot=plot(course) if len(course) > 1 else None,
            size={"width": WIDTH, "height": HEIGHT, "left": LEFT},
            method=words["method"].format(**report.alignment.model_dump()),
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=ChoiceLoader(
            [PackageLoader("presight.follow_up"), PackageLoader("presight.report")]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["volume"] = wording.volume
    environment.filters["signed"] = signed
    environment.filters["signed_volume"] = signed_volume
    environment.filters["resolution"] = resolution
    return environment


def signed(number: float | None) -> str:
    r"""Say a percentage with its sign.

    >>> signed(12.4), signed(-3.6), signed(0.2), signed(None)
    ('+12', '\N{MINUS SIGN}4', '0', 'n/a')
    """
    if number is None:
        return "n/a"
    whole = round(number)
    sign = "+" if whole > 0 else "\N{MINUS SIGN}" if whole < 0 else ""
    return f"{sign}{abs(whole)}"


def signed_volume(volume_ml: float) -> str:
    r"""Say a difference of volumes in mL with its sign, 0 below a hundredth.

    >>> signed_volume(12.4), signed_volume(-0.36), signed_volume(0.004)
    ('+12.4', '\N{MINUS SIGN}0.36', '0')
    """
    if abs(volume_ml) < _SMALLEST_ML:
        return "0"
    sign = "+" if volume_ml > 0 else "\N{MINUS SIGN}"
    return f"{sign}{wording.volume(abs(volume_ml))}"


def resolution(percent: float | None) -> str:
    r"""Say how much of a region's lesion is gone, or how many times it became larger.

    >>> resolution(80.0), resolution(-25.0), resolution(-400.0), resolution(None)
    ('80', '\N{MINUS SIGN}25', 'grew ×5.0', 'new')
    """
    if percent is None:
        return "new"
    if percent < -_DOUBLED:
        return f"grew ×{1 - percent / 100:.1f}"
    return signed(percent).removeprefix("+")


def _script() -> tuple[str, str]:
    """Return the one script of the page, and its hash by which a browser allows no other."""
    source = (files("presight.follow_up") / "templates" / "change.js").read_text("utf-8")
    digest = hashlib.sha256(source.encode()).digest()
    return source, f"sha256-{base64.b64encode(digest).decode()}"
