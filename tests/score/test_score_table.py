"""A table of readings: what is read, what is never read, what happens to a row that is wrong."""

import csv
import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from presight.config import load_config
from presight.measure.findings import Findings
from presight.score import read_table, score_table
from presight.score.facts import Facts
from presight.score.rows import read_row
from presight.score.table import COLUMNS
from presight.study.clinical import ClinicalRecord
from presight.study.clinical_files import RawRow

PRES: Mapping[str, str] = {
    "case_id": "A1",
    "final_diagnosis": "toxic_leukoencephalopathy",
    "cause_drug": "heroin",
    "seizure": "1",
    "visual_disturbance": "1",
    "headache": "",
    "onset_speed": "acute",
    "systolic_mmhg": "200",
    "diastolic_mmhg": "115",
    "flair_regions": "parietal;occipital;subcortical_wm",
    "region_basis": "named",
    "bilateral": "1",
    "symmetric": "partial",
    "dwi_restricted": "0",
    "adc": "high",
}


def read(**cells: str) -> tuple[Findings, ClinicalRecord]:
    return read_row(RawRow("table", "row 2", cells))


@pytest.fixture(scope="session")
def published(shared: Path) -> list[dict[str, str]]:
    with (shared.parent / "cases" / "cases_dev.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_row_gives_one_flat_row_with_every_column() -> None:
    (scored,) = score_table([PRES])
    assert set(scored) == set(COLUMNS)
    assert scored["id"] == "A1"
    assert scored["label"] == "pres"
    assert "seizure" in scored["contributions"]
    assert "2 to 6 weeks" in scored["recommendations"]
    assert sum(
        float(scored[f"p_{name}"])
        for name in ("pres", "toxic_leukoencephalopathy", "other", "no_finding")
    ) == pytest.approx(1, abs=1e-3)


def test_columns_that_tell_the_answer_are_ignored(published: list[dict[str, str]]) -> None:
    leaking = load_config("evidence/table.yaml")["ignored"]
    assert {"final_diagnosis", "outcome", "cause_drug", "remark", "organ_or_context"} <= set(
        leaking
    )
    shuffled = [dict(row) for row in published]
    generator = random.Random(1)  # noqa: S311
    for column in leaking:
        values = [row[column] for row in shuffled]
        generator.shuffle(values)
        for row, value in zip(shuffled, values, strict=True):
            row[column] = value
    without = [{k: v for k, v in row.items() if k not in leaking} for row in published]
    scored = score_table(published)
    assert score_table(shuffled) == scored
    assert score_table(without) == scored


def test_every_published_row_can_be_read(published: list[dict[str, str]]) -> None:
    scored = score_table(published)
    assert [row["error"] for row in scored] == [""] * len(published)
    assert [row["doubts"] for row in scored] == [""] * len(published)


def test_the_founding_case_is_the_delayed_toxic_form(published: list[dict[str, str]]) -> None:
    scored = next(row for row in score_table(published) if row["id"] == "EXT001")
    assert scored["label"] == "toxic_leukoencephalopathy"
    assert "delayed diffuse calcineurin-inhibitor form: met" in scored["subtypes"]
    assert "work-up" in scored["alerts"]
    assert "therapeutic level excludes neither" in scored["alerts"]


def test_an_empty_cell_or_a_missing_column_is_unknown() -> None:
    empty = dict(PRES) | {"altered_mental_status": "", "enhancement": "", "age_years": ""}
    assert score_table([empty]) == score_table([PRES])


@pytest.mark.parametrize("word", ["", "unknown", "n/a", "?"])
def test_every_way_to_write_unknown_is_the_same(word: str, published: list[dict[str, str]]) -> None:
    leaking = load_config("evidence/table.yaml")["ignored"]
    rows = [{k: v for k, v in row.items() if k not in leaking} for row in published[:20]]
    spoken = [{name: cell or word for name, cell in row.items()} for row in rows]
    silent = [{name: cell for name, cell in row.items() if cell} for row in rows]
    assert score_table(spoken) == score_table(silent)


def test_the_order_of_columns_and_other_rows_do_not_matter() -> None:
    turned = dict(reversed(PRES.items()))
    other = {"case_id": "B", "headache": "1"}
    assert score_table([other, turned])[1] == score_table([PRES])[0]


def test_a_wrong_row_says_so_and_leaves_the_others_alone() -> None:
    swapped = {"systolic_mmhg": "115", "diastolic_mmhg": "200"}
    scored = score_table([PRES, dict(PRES) | swapped, PRES])
    assert [bool(row["error"]) for row in scored] == [False, True, False]
    assert "row 3" in scored[1]["error"]
    assert scored[1]["label"] == ""


@pytest.mark.parametrize(
    ("column", "written"),
    [
        ("sodium_mmol_l", "normal"),
        ("tacrolimus_ng_ml", "therapeutic"),
        ("systolic_mmhg", ">180"),
        ("systolic_mmhg", "2000"),
        ("age_years", "400"),
        ("seizure", "perhaps"),
        ("swelling", "left"),
        ("adc", "odd"),
        ("adc_ratio", "inf"),
        ("lesion_ml", "12 cm"),
        ("cni_exposure", "everolimus"),
        ("cni_exposure", "no tacrolimus"),
    ],
)
def test_a_cell_that_cannot_be_read_is_unknown_and_said(column: str, written: str) -> None:
    rest = {name: cell for name, cell in PRES.items() if name not in (column, "diastolic_mmhg")}
    wrong, empty = score_table([rest | {column: written}, rest])
    assert column in wrong["doubts"]
    assert written in wrong["doubts"]
    assert wrong | {"doubts": ""} == empty


@pytest.mark.parametrize(
    ("column", "written", "plain"),
    [
        ("seizure", "1.0", "1"),
        ("bilateral", "1.0", "1"),
        ("bilateral", "unilateral", "0"),
        ("symmetric", "Asymmetric", "0"),
        ("haemorrhage", "none", "0"),
        ("dwi_restricted", "0.0", "0"),
        ("dwi_restricted", "yes", "1"),
        ("dwi_restricted", "Partial", "partial"),
        ("adc", "Reduced", "low"),
        ("adc", "elevated", "high"),
        ("enhancement", "0", "none"),
        ("enhancement", "patchy", "present"),
        ("systolic_mmhg", "~170", "170"),
        ("systolic_mmhg", "170 (right arm)", "170"),
        ("jcv_pcr", "neg (CSF)", "0"),
        ("lesion_ml", "12 mL", "12"),
        ("parieto_occipital_share", "60 %", "0.6"),
        ("cni_exposure", "FK506", "tacrolimus"),
        ("cni_exposure", "Ciclosporin A", "cyclosporine"),
        ("Onset_Speed", "acute", "acute"),
        ("flair_regions", "Left parietal lobe, occipital", "parietal;occipital"),
        ("flair_regions", "parieto-occipital", "parietal;occipital"),
        ("flair_regions", "deep white matter and thalami", "deep_wm;thalamus"),
        ("region_basis", "Named", "named"),
    ],
)
def test_other_ways_to_write_a_cell_mean_the_same(column: str, written: str, plain: str) -> None:
    sites = {"flair_regions": "occipital", "region_basis": "named"}
    one, other = sites | {column: written}, sites | {column.lower(): plain}
    assert read(**one) == read(**other)
    assert read(**one)[0].quality_doubts == ()


def test_no_calcineurin_inhibitor_is_not_one_of_unknown_name() -> None:
    for said in ("none", "0", "no"):
        assert read(cni_exposure=said)[1].calcineurin_inhibitor is False
    assert read(cni_exposure="1.0")[1].calcineurin_inhibitor is True


def test_a_ring_is_an_enhancement_and_a_ring() -> None:
    findings, _ = read(enhancement="ring")
    assert (findings.enhancement, findings.ring_enhancement) == (True, True)


def test_a_column_of_ones_own_and_a_visit_are_left_alone() -> None:
    assert score_table([dict(PRES) | {"_note": "x", "session": "2"}]) == score_table([PRES])


def test_an_unknown_column_is_named_with_the_nearest() -> None:
    (scored,) = score_table([{"seizzure": "1"}])
    assert "'seizure'" in scored["error"]


def test_an_unknown_region_or_word_is_left_out_and_said() -> None:
    findings, _ = read(flair_regions="occipital;cingulum", adc="odd")
    assert len(findings.quality_doubts) == 2
    assert findings.involved_regions["occipital"] is True
    assert findings.adc is None


def test_a_list_of_named_sites_frees_the_others_and_a_generic_one_does_not() -> None:
    named, _ = read(flair_regions="pons;cerebellum", region_basis="named")
    generic, _ = read(flair_regions="deep_wm", region_basis="generic")
    assert named.involved_regions["occipital"] is False
    assert "occipital" not in generic.involved_regions


def test_a_list_frees_nothing_where_its_basis_or_one_of_its_names_is_not_known() -> None:
    assert read(flair_regions="pons")[0].involved_regions == {"pons": True}
    unread, _ = read(flair_regions="pons;gyrus rectus", region_basis="named")
    assert unread.involved_regions == {"pons": True}


def test_exposure_is_read_with_level_and_days() -> None:
    _, clinical = read(
        cni_exposure="tacrolimus+cyclosporine",
        tacrolimus_ng_ml="7.7",
        days_from_drug_start_to_onset="15",
    )
    levels = {drug.name: (drug.level_ng_ml, drug.days_since_start) for drug in clinical.drugs}
    assert levels == {"tacrolimus": (7.7, 15), "cyclosporine": (None, None)}
    assert read(cni_exposure="unspecified CNI")[1].calcineurin_inhibitor is True


def test_infection_tests_are_read_from_words() -> None:
    _, clinical = read(other_infection_pcr="HSV, VZV negative; HHV-6 positive (CSF)", jcv_pcr="neg")
    assert clinical.infection_pcr == {"HSV": False, "VZV": False, "HHV-6": True, "jcv": False}


@pytest.mark.parametrize(
    ("written", "tests"),
    [
        ("negative for HSV, VZV and CMV", {"HSV": False, "VZV": False, "CMV": False}),
        ("HHV-6 detected, EBV not detected", {"HHV-6": True, "EBV": False}),
        ("toxoplasma (negative); CMV pos", {"toxoplasma": False, "CMV": True}),
        ("EBV IgG positive", {}),
        ("HSV pending", {}),
    ],
)
def test_infection_tests_in_other_words(written: str, tests: dict[str, bool]) -> None:
    assert read(other_infection_pcr=written)[1].infection_pcr == tests


@pytest.mark.parametrize("written", ["JC virus", "JCV", "CSF JC virus DNA", "jc_virus_pcr"])
def test_the_jc_virus_is_known_by_its_other_names(written: str) -> None:
    facts = Facts(Findings(), ClinicalRecord(infection_pcr={written: True, "HSV": False}))
    assert (facts["jcv_positive"], facts["infection_positive"]) == (1, 0)


def test_json_values_are_read_like_text() -> None:
    cells = {
        "seizure": True,
        "bilateral": True,
        "symmetric": False,
        "systolic_mmhg": 200,
        "flair_regions": ["parietal", "occipital"],
        "region_basis": "named",
        "adc": None,
    }
    text = {
        "seizure": "1",
        "bilateral": "1",
        "symmetric": "0",
        "systolic_mmhg": "200",
        "flair_regions": "parietal;occipital",
        "region_basis": "named",
        "adc": "",
    }
    assert score_table([cells]) == score_table([text])


def test_drugs_of_a_list_and_of_the_exposure_are_both_on_board() -> None:
    listed = [{"name": "methotrexate", "days_since_start": 21}]
    for drugs in ("methotrexate (21 days)", listed):
        _, clinical = read_row(RawRow("t", "row", {"drugs": drugs, "cni_exposure": "tacrolimus"}))
        assert [drug.name for drug in clinical.drugs] == ["methotrexate", "tacrolimus"]
        assert clinical.drugs[0].days_since_start == 21


def test_negated_words_on_vessels_say_nothing() -> None:
    assert read(vascular_imaging="no vasoconstriction")[0].vessel_irregularity is None
    assert read(vascular_imaging="MRV normal; string of beads")[0].vessel_irregularity is True
    assert read(vascular_imaging="basilar thrombosis")[0].sinus_thrombosis is None
    assert read(vascular_imaging="No thrombosis. Beading.")[0].vessel_irregularity is True


def test_a_file_is_read_as_csv_and_as_json(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(PRES))
        writer.writeheader()
        writer.writerow(PRES)
    assert score_table(read_table(table)) == score_table([PRES])


def test_decimal_commas_of_a_table_with_semicolons_are_read(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("id;tacrolimus_ng_ml;adc_ratio;seizure\na;7,7;0,7;1\n", encoding="utf-8")
    pointed = {"id": "a", "tacrolimus_ng_ml": "7.7", "adc_ratio": "0.7", "seizure": "1"}
    assert score_table(read_table(table)) == score_table([pointed])
