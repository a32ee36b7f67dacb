"""One picture for a PACS: slices with the outline, verdict and probabilities beneath."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence

import numpy as np
from highdicom.sc import SCImage
from PIL import Image, ImageDraw, ImageFont
from pydicom.uid import RLELossless

from presight.dicom.codes import term
from presight.dicom.source import DISCLAIMER, MANUFACTURER, Source
from presight.preprocess import to_native
from presight.report.figures import Slice, make_mosaic
from presight.report.result import StudyResult

_SERIES = 9005
_TILE, _GAP, _COLUMNS, _LINE = 300, 12, 6, 30  # pixels, but for the columns
_BLACK, _WHITE, _GREY, _OUTLINE = (0, 0, 0), (235, 235, 235), (150, 150, 150), (255, 196, 0)
_STEP = re.compile(r"M(\d+) (\d+)([hv])(\d+)")


def summary_picture(source: Source) -> SCImage:
    """Secondary capture of the summary; it carries no name and no date in its pixels."""
    capture = SCImage.from_ref_dataset(
        ref_dataset=source.datasets[0],
        pixel_array=np.asarray(draw_summary(source.result)),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "P"),
        series_instance_uid=source.uid("picture", "series"),
        series_number=_SERIES,
        sop_instance_uid=source.uid("picture", "object"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        transfer_syntax_uid=RLELossless,
        series_description="presight summary, research use only",
    )
    capture.BurnedInAnnotation = "NO"
    capture.Laterality = ""  # a head is not one of a pair
    return capture


def draw_summary(result: StudyResult) -> Image.Image:
    """Draw the slices of the page with the outline of the lesion, and what the page says first."""
    brain = to_native(result.prepared.brain, result.prepared)
    flair = result.study.flair
    slices = make_mosaic(flair.data, result.lesions.mask, brain, flair.grid)
    lines = _lines(result)
    rows = -(-len(slices) // _COLUMNS)
    width = _COLUMNS * (_TILE + _GAP) + _GAP
    height = rows * (_TILE + _GAP) + _GAP + (len(lines) + 1) * _LINE
    picture = Image.new("RGB", (width, height), _BLACK)
    for place, one in enumerate(slices):
        row, column = divmod(place, _COLUMNS)
        picture.paste(_tile(one), (_GAP + column * (_TILE + _GAP), _GAP + row * (_TILE + _GAP)))
    _write(picture, lines, rows * (_TILE + _GAP) + _GAP)
    return picture


def _tile(one: Slice) -> Image.Image:
    image = Image.open(io.BytesIO(base64.b64decode(one.image.split(",", 1)[1]))).convert("RGB")
    scale = _TILE / max(image.size)
    size = (round(image.width * scale), round(image.height * scale))
    tile = Image.new("RGB", (_TILE, _TILE), _BLACK)
    left, top = (_TILE - size[0]) // 2, (_TILE - size[1]) // 2
    tile.paste(image.resize(size), (left, top))
    draw = ImageDraw.Draw(tile)
    across, down = size[0] / one.columns, size[1] / one.rows
    for x, y, direction, length in _STEP.findall(one.outline):
        begin = (int(x), int(y))
        end = (begin[0] + int(length), begin[1]) if direction == "h" else (
            begin[0], begin[1] + int(length)
        )  # fmt: skip
        draw.line(
            [(left + px * across, top + py * down) for px, py in (begin, end)],
            fill=_OUTLINE,
            width=1,
        )
    draw.text((4, 2), "R", fill=_GREY, font=ImageFont.load_default(18))
    draw.text((_TILE - 16, 2), "L", fill=_GREY, font=ImageFont.load_default(18))
    return tile


def _lines(result: StudyResult) -> list[str]:
    found = result.assessment.classification
    volume = result.findings.lesion_ml
    ranked = sorted(found.probabilities.items(), key=lambda item: -item[1])
    return [
        f"Verdict: {term('classes', found.label.value).meaning}",
        "   ".join(f"{term('classes', c.value).meaning} {p:.0%}" for c, p in ranked),
        "Hyperintensity: " + ("not measured" if volume is None else f"{volume:.1f} mL"),
        f"{DISCLAIMER} {result.provenance.bundle.name} {result.provenance.bundle.version}, "
        f"presight {result.provenance.presight}",
    ]


def _write(picture: Image.Image, lines: Sequence[str], top: int) -> None:
    draw = ImageDraw.Draw(picture)
    for place, line in enumerate(lines):
        size = 24 if place == 0 else 18
        spot = (_GAP, top + place * _LINE)
        draw.text(spot, line, fill=_WHITE, font=ImageFont.load_default(size))
