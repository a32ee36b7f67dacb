"""An invented patient on the MNI head: real anatomy, a lesion where we want it, no pipeline."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from nibabel.orientations import axcodes2ornt, inv_ornt_aff, ornt_transform
from numpy.typing import NDArray
from playwright.sync_api import Browser, sync_playwright
from scipy import ndimage

from presight.measure import measure
from presight.preprocess import Prepared, Quality
from presight.preprocess.atlas import load_atlas
from presight.report.result import ModelInfo, StudyResult, make_provenance
from presight.score.assessment import (
    Alert,
    Assessment,
    Classification,
    Contribution,
    Criterion,
    CriterionItem,
    Differential,
    Interval,
    Label,
    LaboratoryReading,
    MissingFact,
    Recommendation,
    Severity,
)
from presight.segment.lesions import Lesions
from presight.study.clinical import ClinicalRecord, Drug, Onset
from presight.study.contrast import Contrast
from presight.study.resample import resample
from presight.study.study import Study
from presight.study.volume import Grid, Volume

LEFT_OCCIPITAL = (-28.0, -82.0, 14.0)
RIGHT_OCCIPITAL = (26.0, -84.0, 18.0)
LEFT_FRONTAL = (-32.0, 36.0, 26.0)

Point = tuple[float, float, float]  # world millimetres, RAS+
MakeResult = Callable[..., StudyResult]


@pytest.fixture(scope="session")
def make_result() -> MakeResult:
    """Make a result: ``make_result(orientation="LPS", spacing_mm=..., centres=..., ...)``."""
    return _make_result


@pytest.fixture(scope="session")
def result() -> StudyResult:
    """A PRES-like patient on thick slices, stored left-posterior-superior."""
    return _make_result()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of this machine, without network."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser: Browser, html: str, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Open HTML, that of the module if none is given; the page keeps what it said and asked for."""
    pages: list[Any] = []

    def open_page(text: str = html, width: int = 1200) -> Any:
        path = tmp_path / "page.html"
        path.write_text(text, encoding="utf-8")
        page: Any = browser.new_page(viewport={"width": width, "height": 800})
        page.said, page.asked = [], []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(path.as_uri())
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()


def _make_result(
    orientation: str = "LPS",
    spacing_mm: tuple[float, float, float] = (2.0, 2.0, 5.0),
    centres: tuple[Point, ...] = (LEFT_OCCIPITAL, RIGHT_OCCIPITAL, LEFT_FRONTAL),
    assessment: Assessment | None = None,
    clinical: ClinicalRecord | None = None,
    source: Path | None = Path("/data/patient/flair.nii.gz"),
) -> StudyResult:
    atlas = load_atlas()
    native = _native_grid(atlas.grid, orientation, spacing_mm)
    flair, lesion = _head(centres)
    native_lesion = resample(lesion.astype(np.uint8), atlas.grid, native, nearest=True) > 0
    volume = Volume(resample(flair, atlas.grid, native), native, Contrast.FLAIR, source)
    study = Study("demo01", {Contrast.FLAIR: volume}, clinical or _clinical(), session="02")
    prepared = Prepared(
        flair=Volume(flair, atlas.grid, Contrast.FLAIR),
        brain=atlas.brain,
        anatomy=atlas.labels,
        others={},
        native=native,
        steps=("resampled to 1 mm", "bias field removed", "scaled to the commonest intensity"),
        quality=(
            Quality("slice_mm", 5.0, "Slices are 5.0 mm thick: small lesions may be missed.", True),
            Quality("brain_ml", 1800.0, "The brain lies inside the field of view."),
        ),
    )
    lesions = Lesions(
        probability=native_lesion.astype(np.float32) * 0.9,
        mask=native_lesion,
        uncertainty=np.full(native.shape, 0.1, np.float32),
        grid=native,
        model="flair_hyperintensity 0.1.0",
    )
    provenance = make_provenance(
        study,
        ModelInfo("flair_hyperintensity", "0.1.0", "ab12" * 16),
        settings={"device": "cpu", "prior": "unstated"},
        device="cpu",
        seconds={"preprocess": 4.2, "segment": 1.1},
        peak_memory_mb=1234.0,
    )
    findings = measure(prepared, lesions)
    return StudyResult(study, prepared, lesions, findings, assessment or _assessment(), provenance)


def _native_grid(reference: Grid, orientation: str, spacing_mm: tuple[float, ...]) -> Grid:
    """Head of the reference, in voxels of ``spacing_mm`` (right, front, head), as stored."""
    size = np.ceil(np.array(reference.shape) / spacing_mm).astype(int)
    affine = np.diag([*spacing_mm, 1.0])
    affine[:3, 3] = reference.affine[:3, 3]
    turn = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(orientation))
    shape = nib.orientations.apply_orientation(np.empty(size, np.bool_), turn).shape
    return Grid(shape, affine @ inv_ornt_aff(turn, tuple(size)))


@cache
def _head(centres: tuple[Point, ...]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Something that looks like a FLAIR (grey over white over CSF, scalp around) and its lesion."""
    atlas = load_atlas()
    lesion = _blobs(atlas.grid, centres) & (atlas.white + atlas.grey > 0.5)
    scalp = ndimage.binary_dilation(atlas.brain, iterations=12)
    scalp &= ~ndimage.binary_dilation(atlas.brain, iterations=8)
    flair = 0.12 * atlas.brain + 0.95 * atlas.grey + 0.78 * atlas.white + 0.6 * scalp
    flair += 0.75 * ndimage.gaussian_filter(lesion.astype(np.float32), 1.2)
    flair += np.random.default_rng(7).normal(scale=0.02, size=flair.shape)
    return np.clip(flair, 0, None).astype(np.float32), lesion


def _blobs(grid: Grid, centres: tuple[Point, ...]) -> NDArray[np.bool_]:
    """Balls around points in world millimetres, the first the largest."""
    x, y, z = (
        size * np.arange(n) + start
        for size, n, start in zip(
            np.diag(grid.affine), grid.shape, grid.affine[:3, 3], strict=False
        )
    )
    mask = np.zeros(grid.shape, bool)
    for order, (right, front, up) in enumerate(centres):
        wave = 2 * np.sin(x / 2)[:, None, None] * np.cos(y / 2)[:, None]
        distance2 = (x - right)[:, None, None] ** 2 + (y - front)[:, None] ** 2 + (z - up) ** 2
        mask |= np.sqrt(distance2) + wave < 17 - 4 * order
    return mask


def _clinical() -> ClinicalRecord:
    return ClinicalRecord(
        age_years=54,
        sex="F",
        organ="kidney",
        days_since_transplant=38,
        drugs=(Drug(name="tacrolimus", level_ng_ml=18.2, days_since_start=36),),
        interacting_drugs=("voriconazole",),
        systolic_mmhg=182,
        diastolic_mmhg=104,
        magnesium_mmol_l=0.58,
        seizure=True,
        headache=True,
        psychosis=False,
        infection_pcr={"JC virus": False},
        onset=Onset.ACUTE,
    )


def _four(pres: float, toxic: float, other: float, none: float) -> dict[Label, float]:
    return {Label.PRES: pres, Label.TOXIC: toxic, Label.OTHER: other, Label.NO_FINDING: none}


def _assessment() -> Assessment:
    """An answer with every part filled. Its numbers are invented for the page alone."""
    return Assessment(
        classification=_classification(),
        differential=(
            Differential(
                name="Progressive multifocal leukoencephalopathy",
                why="Immunosuppressed; subcortical lesions that reach the cortex.",
                settles="JC virus PCR in CSF; diffusion at the rim of the lesion.",
                source=("invented2",),
            ),
            Differential(
                name="Venous sinus thrombosis",
                why="Seizure with posterior lesions; no venography came with the study.",
                settles="MR or CT venography.",
                source=("invented1",),
            ),
        ),
        severity=Severity(
            grade="Severe",
            because="A seizure is among the severe signs of neurotoxicity.",
            source=("invented1",),
        ),
        alerts=(
            Alert(
                text="Seizure with a tacrolimus trough above the usual range",
                because="18.2 ng/mL with voriconazole, which slows its breakdown.",
                source=("invented1", "invented3"),
            ),
        ),
        recommendations=_recommendations(),
        missing=(
            MissingFact(
                feature="adc",
                name="Diffusion (DWI and ADC)",
                effect="Raised ADC would favour PRES; restriction along the deep white matter "
                "would favour toxic leukoencephalopathy.",
            ),
            MissingFact(
                feature="creatinine",
                name="Creatinine and its baseline",
                effect="Kidney injury would add to PRES a little.",
            ),
        ),
        laboratory=(
            LaboratoryReading(
                name="tacrolimus trough",
                value="18.2 ng/mL",
                reading="above the range of one label, within that of another",
                note="Sources differ.",
                source=("invented3",),
            ),
        ),
        criteria=(
            Criterion(
                name="Invented criteria",
                items=_items(("a neurological symptom", "met"), ("oedema on MRI", "unknown")),
                result="unknown",
                note="As applied in an invented cohort.",
                source=("invented1",),
            ),
            Criterion(
                name="Terms of an invented model",
                items=_items(("psychosis", "not met"), needed=False),
                result=None,
                note="Points were not published.",
                source=("invented2",),
            ),
        ),
        subtypes=(
            Criterion(
                name="Delayed diffuse form",
                items=(
                    *_items(("drug on board", "met"), ("onset over months", "not met")),
                    *_items(("posterior fossa too", "unknown"), needed=False),
                ),
                result="not met",
                note="Rests on an invented handful of cases.",
                source=("invented3",),
            ),
            Criterion(
                name="Acute toxic form",
                items=_items(("restricted white matter", "met")),
                result="met",
                note="Selected by diffusion in its invented series.",
                source=("invented3",),
            ),
        ),
        trend="Lesion volume 5.0 mL after 30 days, 10% of 50.0 mL before",
        sources={
            "invented1": "First A et al. An invented cohort. J Invented 1:1-9. "
            "doi:10.1000/invented.1",
            "invented2": "Second B et al. An invented series. PMC0000002",
            "invented3": "Third C. An invented label. https://example.org/label",
        },
    )


def _items(*said: tuple[str, str], needed: bool = True) -> tuple[CriterionItem, ...]:
    return tuple(CriterionItem(text=text, state=state, needed=needed) for text, state in said)


def _classification() -> Classification:
    return Classification(
        label=Label.PRES,
        probabilities=_four(0.8617, 0.0562, 0.0795, 0.0026),
        interval={
            Label.PRES: Interval(low=0.702, high=0.951),
            Label.TOXIC: Interval(low=0.011, high=0.162),
            Label.OTHER: Interval(low=0.021, high=0.199),
            Label.NO_FINDING: Interval(low=0.0003, high=0.011),
        },
        interval_mass=0.9,
        prior=_four(0.25, 0.25, 0.25, 0.25),
        prior_source="setting not stated: equal shares, an assumption",
        contributions=(
            _fact("Seizure", "yes", (1.62, -0.4, -0.2, -1.0), "A", "pooled over two cohorts"),
            _fact("Parieto-occipital share", "61 % of 84 mL", (1.1, -0.7, -0.3, -2.0), "B"),
            _fact("Mean arterial pressure", "130 mmHg", (0.55, 0.0, 0.0, 0.0), "B"),
            _fact("Onset", "acute", (0.7, -1.1, 0.0, 0.1), "C"),
            _fact("Psychosis", "no", (0.0, -0.05, 0.0, 0.0), "C"),
        ),
        because="A seizure and a posterior pattern on both sides outweigh the chronic exposure.",
    )


def _fact(
    name: str, value: str, log_lr: tuple[float, ...], quality: str, note: str = ""
) -> Contribution:
    return Contribution(
        feature=name.lower().replace(" ", "_"),
        name=name,
        value=value,
        log_lr=_four(*log_lr),
        source=("invented1", "invented2"),
        quality=quality,
        note=note,
    )


def _recommendations() -> tuple[Recommendation, ...]:
    return (
        Recommendation(
            kind="imaging",
            action="Consider MRI again with FLAIR, DWI and SWI",
            window_days=(7, 14),
            urgency="routine",
            because="A posterior pattern that fades supports PRES; one that stays does not.",
            source=("invented2",),
            against="Sources disagree on when: some wait four weeks.",
        ),
        Recommendation(
            kind="laboratory",
            action="Consider a tacrolimus trough and magnesium",
            window_days=(0, 1),
            urgency="now",
            because="Trough 18.2 ng/mL with an interacting drug; magnesium 0.58 mmol/L.",
            source=("invented1", "invented3"),
        ),
        Recommendation(
            kind="clinical",
            action="Consider lowering the blood pressure stepwise",
            window_days=None,
            urgency="soon",
            because="182/104 mmHg with a posterior pattern.",
            source=("invented1",),
            against="In liver recipients pressure is often near normal in PRES.",
        ),
    )
