"""What was measured, said for a reader: numbers, their limits, and what was not assessed."""

from presight.citations import citations
from presight.measure import Findings
from presight.measure.details import Candidate, Diffusion, Grading, NamedPattern, Side, Swelling
from presight.report.measured import measured_rows

MIXED = Diffusion(
    kind="mixed",
    lesion_median=1470,
    lesion_percentiles=(480, 1470, 1600),
    normal_median=840,
    ratio=1.75,
    restricted_share=0.1,
    restricted_ml=10.0,
    raised_share=0.8,
    unit="1e-6 mm2/s",
)


def spot(volume_ml: float, *, in_lesion: bool) -> Candidate:
    return Candidate(
        volume_ml=volume_ml,
        centre_mm=(20.0, -70.0, 10.0),
        region="occipital",
        side=Side.RIGHT,
        in_lesion=in_lesion,
    )


def rows(findings: Findings) -> dict[str, str]:
    return {row.name: f"{row.found} {' '.join(row.said)}" for row in measured_rows(findings)}


def test_what_was_not_assessed_is_said_with_its_reason():
    said = rows(Findings(not_assessed={"haemorrhage": "needs SWI or T2*"}))
    assert "Not assessed: needs SWI or T2*." in said["Haemorrhage"]
    assert "none seen" not in said["Haemorrhage"]


def test_nothing_is_said_of_what_nobody_mentions():
    assert rows(Findings()) == {}


def test_blood_is_said_with_how_often_its_sequence_shows_any():
    findings = Findings(
        haemorrhages=(spot(0.2, in_lesion=True), spot(0.1, in_lesion=False)),
        haemorrhage_ml=0.3,
        haemorrhage_sequence="swi",
    )
    said = rows(findings)["Haemorrhage"]
    assert "2 candidates" in said
    assert "1 in the lesion" in said
    assert "20 of 31" in said
    assert "Occipital lobe, right" in said


def test_a_mixed_oedema_shows_its_numbers_and_that_the_limits_are_ours():
    said = rows(Findings(diffusion=MIXED))["Diffusion"]
    assert said.startswith("mixed")
    assert "1470" in said
    assert "840" in said
    assert "choice of this project" in said


def test_a_pattern_names_what_made_it_hold_and_who_said_it():
    pattern = NamedPattern(name="x", said="lesion of x", because="x share 0.8", source=("ours",))
    findings = Findings(
        pattern="x",
        patterns=(pattern,),
        pattern_numbers={"x_share": 0.8},
        said_by={"pattern": "Dr A"},
    )
    said = rows(findings)["Pattern"]
    assert "0.8" in said
    assert "Said by Dr A." in said


def test_numbers_within_their_limits_do_not_exclude_a_swelling():
    said = rows(Findings(swelling_detail=Swelling(midline_shift_mm=-1.5)))
    assert "does not exclude" in said["Swelling and mass effect"]
    assert "to the left" in said["Swelling and mass effect"]


def test_a_grading_without_its_text_is_not_given():
    grading = Grading(
        name="some grade", grade=None, because="its criteria were not seen", source=()
    )
    said = rows(Findings(gradings=(grading,)))["Published gradings"]
    assert "Some grade: not graded, its criteria were not seen." in said


def test_every_source_of_a_row_has_a_citation():
    findings = Findings(diffusion=MIXED, haemorrhage_ml=0.0, haemorrhage_sequence="swi")
    assert all(citations(s for row in measured_rows(findings) for s in row.source).values())
