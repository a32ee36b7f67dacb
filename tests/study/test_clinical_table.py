import csv
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from presight.errors import ClinicalError
from presight.study.clinical import ClinicalRecord, Drug
from presight.study.clinical_fields import (
    Kind,
    clinical_columns,
    clinical_fields,
    clinical_vocabulary,
)
from presight.study.clinical_table import clinical_template, read_clinical
from presight.study.units import slug

FIELDS = clinical_fields()
VOCABULARY = clinical_vocabulary()
SHARED_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def read(tmp_path):
    def read(content, name="labs.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_clinical(path)

    return read


@pytest.fixture
def one(read):
    return lambda content, name="labs.csv": read(content, name).record_for("1")


@pytest.fixture
def sentence(read):
    def sentence(content, name="labs.csv"):
        with pytest.raises(ClinicalError) as caught:
            read(content, name)
        return str(caught.value)

    return sentence


# ------------------------------------------------------------------ values and units


@pytest.mark.parametrize(
    ("table", "field", "expected"),
    [
        ("creatinine_umol_l\n106\n", "creatinine_mg_dl", 1.199),
        ("Creatinine [µmol/L]\n106\n", "creatinine_mg_dl", 1.199),
        ("creat\n1.2 mg/dL\n", "creatinine_mg_dl", 1.2),
        ("mg\n1.2 mg/dL\n", "magnesium_mmol_l", 0.4937),
        ("mg\n1.5 mEq/L\n", "magnesium_mmol_l", 0.75),
        ("magnesium_mg_dl\n1.2\n", "magnesium_mmol_l", 0.4937),
        ("glucose_mmol_l\n5.5\n", "glucose_mg_dl", 99.09),
        ("sodium\n128\n", "sodium_mmol_l", 128),
        ("sodium\n128 mEq/L\n", "sodium_mmol_l", 128),
        ("age\n60\n", "age_years", 60),
        ("age\n18 months\n", "age_years", 1.5),
        ("sbp\n182\n", "systolic_mmhg", 182),
        ("platelets\n150000 /µL\n", "platelets_10e9_l", 150),
        ("platelets\n150 x10⁹/L\n", "platelets_10e9_l", 150),
        ("crp\n1.5 mg/dL\n", "crp_mg_l", 15),
        ("csf_protein\n1.7 g/L\n", "csf_protein_mg_dl", 170),
        ("csf_wbc_per_ul\n8\n", "csf_cells_per_ul", 8),
        ("ft4\n1.2 ng/dL\n", "ft4_pmol_l", 15.45),
        ("tsh\n2.5 µIU/mL\n", "tsh_mu_l", 2.5),
        ("time_since_transplant\n4 months\n", "days_since_transplant", 121.75),
    ],
)
def test_a_value_is_converted_once(one, table, field, expected):
    assert getattr(one(table), field) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    "table", ["tac\n8.3 ug/L\n", "fk506_ng_ml\n8.3\n", "drugs\nFK506 (8.3 µg/L)\n"]
)
def test_a_tacrolimus_level_in_micrograms_per_litre_is_the_same_number(one, table):
    assert one(table).drug("tacrolimus").level_ng_ml == pytest.approx(8.3)


@pytest.mark.parametrize(
    "column", ["mg", "creatinine", "tac", "glucose", "platelets", "csf_protein"]
)
def test_a_bare_number_is_refused_where_units_are_confused(sentence, column):
    text = sentence(f"{column}\n12\n")
    assert text.startswith(f"labs.csv, row 2, column '{column}': '12' has no unit")
    assert "name the column" in text


def test_two_units_that_disagree_are_refused(sentence):
    assert "column's name says mmol/L" in sentence("magnesium_mmol_l\n1.2 mg/dL\n")


def test_a_slipped_unit_is_named_with_what_would_fit(sentence):
    text = sentence("creatinine_mmol_l\n12.8\n")
    assert "creatinine of 12.8 mmol/L (144.8 mg/dL)" in text
    assert "0.05 to 80 mg/dL" in text
    assert "12.8 mg/dL" in text.split("Was ")[1]


def test_a_pressure_in_kilopascal_is_recognised(sentence):
    assert "Was 16 kPa meant" in sentence("sbp\n16\n")


@pytest.mark.parametrize(
    "cell", ["high", "<5 mg/L", "5-6 mg/L", "5 mg", "1.2.3 mg/L", "inf", "1e999 mg/L", "yes"]
)
def test_what_is_no_number_is_refused(sentence, cell):
    assert "labs.csv, row 2, column 'crp'" in sentence(f"crp\n{cell}\n")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("yes", True), ("NO", False), ("1", True), ("0.0", False), ("ja", True), ("neg", False),
     ("", None), ("n/a", None), ("unknown", None), ("NaN", None)],
)  # fmt: skip
def test_flags(one, cell, expected):
    assert one(f"seizure,headache\n{cell},1\n").seizure is expected


@pytest.mark.parametrize("cell", ["2", "maybe", "-", "+/-", "none"])
def test_a_doubtful_flag_is_refused(sentence, cell):
    assert "is neither yes nor no" in sentence(f"seizure\n{cell}\n")


def test_choices_take_other_words(one):
    record = one("sex,organ,onset\nfemale,Bone marrow,Subacute\n")
    assert (record.sex, record.organ, record.onset) == ("F", "hsct", "subacute")
    assert one("sex,organ\nm,none\n").organ == "none"


def test_an_unknown_choice_is_refused_with_the_known_ones(sentence):
    assert "expected one of kidney, liver" in sentence("organ\nspleen\n")
    assert "expected one of F, M" in sentence("sex\n1\n")


# ------------------------------------------------------------------ drugs


def test_drugs_with_level_and_start(one):
    record = one('drugs\n"FK506 (8.5 ng/mL, 4 weeks); Flagyl; foscarnet"\n')
    assert record.drugs == (
        Drug(name="foscarnet"),
        Drug(name="metronidazole"),
        Drug(name="tacrolimus", level_ng_ml=8.5, days_since_start=28),
    )


def test_columns_of_one_drug_meet(one):
    record = one("tacrolimus_ng_ml,tacrolimus_days,drugs\n8.5,120,tacrolimus\n")
    assert record.drugs == (Drug(name="tacrolimus", level_ng_ml=8.5, days_since_start=120),)


def test_no_interacting_drugs(one):
    assert one("interacting_drugs,age\nnone,60\n").interacting_drugs == ()
    assert one("interacting_drugs\nFluconazole; rifampicin\n").interacting_drugs == (
        "fluconazole",
        "rifampin",
    )


@pytest.mark.parametrize(
    "cell",
    ["tacrolimus 8", "tacrolimus (8)", "tacrolimus (8 g)", "tacrolimsu", "tacrolimus (oral)",
     "tacrolimus (8 ng/mL, 9 ng/mL)", "oral tacrolimus", "1", "yes", "mtx; unknown"],
)  # fmt: skip
def test_a_drug_that_cannot_be_read_is_refused(sentence, cell):
    assert "labs.csv, row 2, column 'drugs'" in sentence(f'drugs\n"{cell}"\n')


def test_a_level_in_a_list_has_the_range_of_its_own_column(sentence):
    assert "outside what a living human being" in sentence("drugs\ntacrolimus (9000 ng/mL)\n")


def test_contradictions_are_refused(sentence):
    assert "two values of level" in sentence("tac_ng_ml,drugs\n8,tacrolimus (9 ng/mL)\n")
    assert "there was none" in sentence("tac_ng_ml,cni\n8,no\n")
    assert "swapped" in sentence("sbp,dbp\n80,120\n")
    assert "in another column too" in sentence("creat_mg_dl,creat_umol_l\n1,88\n")


def test_two_columns_of_one_field_may_share_the_rows(read):
    table = read("subject,creat_mg_dl,creat_umol_l\n1,1.2,\n2,,88.4\n")
    assert table.record_for("1").creatinine_mg_dl == 1.2
    assert table.record_for("2").creatinine_mg_dl == pytest.approx(1.0, rel=1e-3)


# ------------------------------------------------------------------ columns


@pytest.mark.parametrize(
    ("column", "named"),
    [
        ("creatinin_umol_l", "creatinine_umol_l"),
        ("magnesum_mmol_l", "magnesium_mmol_l"),
        ("seizzure", "seizure"),
        ("blood_pressure", "systolic_mmhg and diastolic_mmhg"),
        ("magnesium_mol", "magnesium_mmol_l or magnesium_mg_dl"),
        ("date_of_birth", "age_years"),
        ("favourite colour", "template"),
    ],
)
def test_an_unknown_column_is_named_with_the_nearest_known_one(sentence, column, named):
    text = sentence(f"{column}\n1\n")
    assert f"'{column}'" in text
    assert named in text


def test_a_column_with_an_underscore_is_left_alone(one):
    assert one("age,_note\n60,anything at all\n") == ClinicalRecord(age_years=60)


# ------------------------------------------------------------------ files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_encodings(one, encoding):
    content = "Creatinine (µmol/L)\n106\n".encode(encoding)
    assert one(content).creatinine_mg_dl == pytest.approx(1.199, rel=1e-3)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("age,mg_mmol_l\n60,0.71\n", "a.csv"),
        ("age;mg_mmol_l\r\n60;0,71\r\n", "a.csv"),
        ("age\tmg_mmol_l\n60\t0.71\n", "a.tsv"),
        ("\n\nage,mg_mmol_l\n\n60,0.71\n,\n", "a.csv"),
        ('[{"age": 60, "mg": "0.71 mmol/L"}]', "a.json"),
        ('{"age": 60, "mg": {"value": 0.71, "unit": "mmol/L"}}', "a.json"),
    ],
)
def test_every_kind_of_table(one, content, name):
    assert one(content, name) == ClinicalRecord(age_years=60, magnesium_mmol_l=0.71)


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        ("", "a.csv", "no rows"),
        ("age,sex\n", "a.csv", "no rows"),
        ("[]", "a.json", "no rows"),
        (b"PK\x03\x04rest", "a.xlsx", "as CSV"),
        (b"age\n\x00\n", "a.csv", "not text"),
        ("age,sex\n60\n", "a.csv", "1 cells and the header 2"),
        ("age,age\n60,61\n", "a.csv", "two columns are named 'age'"),
        ("age,\n60,61\n", "a.csv", "no name"),
        ('age\n"60\n', "a.csv", "not a table"),
        ('age\n"' + "6" * 200_000 + '"\n', "a.csv", "not a table"),
        ("drugs\n" + ";" * 6000 + "x\n", "a.csv", "long text"),
        ("3", "a.json", "list of objects"),
        ("{", "a.json", "not JSON"),
        ('{"age": NaN}', "a.json", "not JSON"),
        ('{"age": 1, "age": 2}', "a.json", "used twice"),
        ("[" * 100_000, "a.json", "not JSON"),
        ('{"age": true}', "a.json", "not one plain number"),
        ('{"age": [1]}', "a.json", "not one plain number"),
        ('{"age": 1' + "0" * 400 + "}", "a.json", "not one plain number"),
        ('{"seizure": {"a": 1}}', "a.json", "neither yes nor no"),
        ('{"drugs": [{"name": "tacrolimus", "dose": "3 mg"}]}', "a.json", "'dose'"),
        ('{"drugs": [{}]}', "a.json", "not a name"),
        ('{"drugs": [5]}', "a.json", "cannot be read"),
        ('{"drugs": ["a' + " " * 100_000 + 'b"]}', "a.json", "long text"),
        ('{"age": {"value": "1", "unit": "' + "y" * 100_000 + '"}}', "a.json", "long text"),
    ],
)
def test_a_broken_file_gets_a_sentence(sentence, content, name, said):
    assert said in sentence(content, name)


def test_a_missing_file_and_a_folder_get_a_sentence(tmp_path):
    for path, said in ((tmp_path / "none.csv", "no such"), (tmp_path, "folder")):
        with pytest.raises(ClinicalError, match=said):
            read_clinical(path)


def test_a_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(VOCABULARY.limits["file_bytes"] + 1)
    with pytest.raises(ClinicalError, match="too large"):
        read_clinical(path)


def test_the_template_can_be_filled_in_and_read(one):
    header = clinical_template().strip().split(",")
    cells = ["001" if name == "subject" else "60" if name == "age_years" else "" for name in header]
    assert one(f"{','.join(header)}\n{','.join(cells)}\n") == ClinicalRecord()
    cells[0] = "1"
    assert one(f"{','.join(header)}\n{','.join(cells)}\n") == ClinicalRecord(age_years=60)


# ------------------------------------------------------------------ ids


def test_rows_find_their_studies(read):
    table = read("participant_id,session_id,age\nsub-A1,,60\nB-2,ses-01,50\nB-2,02,51\n")
    assert table.record_for("A1", "09").age_years == 60
    assert table.record_for("B2", "01").age_years == 50
    assert table.record_for("sub-B2", "ses-02").age_years == 51
    assert table.record_for("B2", "03") == ClinicalRecord()
    assert table.check([("A1", None), ("B2", "01"), ("B2", "02")]) == ()


def test_ids_that_do_not_fit_are_named(read):
    table = read("subject,age\n1,60\n9,50\n")
    unused, lonely = table.check([("1", None), ("2", None), ("3", "a")])
    assert "rows fit no study: sub-9" in unused
    assert "studies have no row" in lonely
    assert "sub-2, sub-3 ses-a" in lonely


def test_a_table_of_other_patients_is_refused(read):
    table = read("subject,age\n1,60\n2,50\n")
    with pytest.raises(ClinicalError, match="no row fits any study: the table has sub-1, sub-2"):
        table.check([("001", None), ("002", None)])


def test_one_row_without_an_id_holds_for_one_study_only(read):
    table = read("age\n60\n")
    assert table.check([("x", None)]) == ()
    assert table.record_for("x").age_years == 60
    with pytest.raises(ClinicalError, match="which of the 2 studies"):
        table.check([("x", None), ("y", None)])


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("age\n60\n61\n", "whose they are"),
        ("subject,age\n1,60\nsub-1,61\n", "has a row already"),
        ("subject,age\n,60\n", "no id"),
        ("subject,age\n--,60\n", "no id"),
        ("subject,participant_id,age\n1,2,60\n", "two columns say the subject"),
    ],
)
def test_doubtful_ids_are_refused(sentence, table, said):
    assert said in sentence(table)


# ------------------------------------------------------------------ published patients


def test_the_clinical_columns_of_published_patients_are_read(shared, read):
    with (shared.parent / "cases" / "cases_dev.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = [column for column in rows[0] if slug(column) in clinical_columns()]
    columns.remove("cni_exposure")  # holds the name of the drug there
    lines = [[row["case_id"], *(row[column] for column in columns)] for row in rows]
    text = io.StringIO()
    csv.writer(text).writerows([["subject", *columns], *lines])
    table = read(text.getvalue())
    assert len(columns) >= 25
    for column in ("age_years", "seizure", "onset_speed", "magnesium_mg_dl"):
        field, _ = clinical_columns()[column]
        stated = {row["case_id"] for row in rows if row[column]}
        records = table.records.items()
        assert stated == {
            case for (case, _), record in records if getattr(record, field.name) is not None
        }


# ------------------------------------------------------------------ properties


def _cell(field):
    """A value as it may be written, and what the record must hold."""
    if field.kind is Kind.NUMBER:
        return st.tuples(st.sampled_from(field.units), st.floats(*field.range))
    if field.kind is Kind.FLAG:
        return st.booleans()
    if field.kind is Kind.CHOICE:
        return st.sampled_from(list(field.choices))
    return st.just("fluconazole")


def _written(field, value):
    if field.kind is Kind.NUMBER:
        unit, number = value
        return f"{field.from_canonical(number, unit)!r} {unit}"
    return str(value)


def _held(record, field):
    held = record.model_dump()
    if field.path[0] == "drugs" and len(field.path) > 1:
        return getattr(record.drug(field.path[1]), field.path[2])
    for step in field.path:
        held = held.get(step)
    return held


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda field: field.name)
@given(data=st.data())
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_unit_of_every_field_is_read(one, field, data):
    value = data.draw(_cell(field))
    if field.kind is Kind.NUMBER:  # stay off the very ends of the range: rounding may cross them
        low, high = field.range
        value = (value[0], min(max(value[1], low * 1.001), high * 0.999))
    column = field.aliases[0] if field.kind is Kind.NUMBER else field.name
    held = _held(one(f'"{column}"\n"{_written(field, value)}"\n'), field)
    if field.kind is Kind.NUMBER:
        assert held == pytest.approx(value[1], rel=1e-9, abs=1e-12)
    elif field.kind in (Kind.FLAG, Kind.CHOICE):
        assert held == value
    else:
        assert "fluconazole" in str(held)


HEADER = ["subject", "age", "tac_ng_ml", "drugs", "creat_umol_l", "seizure", "jcv"]
ROWS = [
    ["1", "60", "8", "fluconazole", "106", "1", ""],
    ["2", "", "", "", "", "0", "neg"],
    ["3", "5", "", "mtx; ara-c", "40", "", "pos"],
]


@given(rows=st.permutations(ROWS), columns=st.permutations(range(len(HEADER))))
@settings(SHARED_FOLDER, max_examples=30)
def test_the_order_of_rows_and_columns_is_immaterial(read, rows, columns):
    mixed = [[row[column] for column in columns] for row in [HEADER, *rows]]
    plain, other = (
        read("\n".join(",".join(row) for row in table)) for table in ([HEADER, *ROWS], mixed)
    )
    assert plain.records == other.records


@given(
    word=st.sampled_from([word for word, says in VOCABULARY.words.items() if says is None]),
    upper=st.booleans(),
)
@settings(SHARED_FOLDER, max_examples=30)
def test_the_unknown_never_becomes_a_value(read, word, upper):
    word = word.upper() if upper else word
    row = ",".join(["1", ""] + [f" {word} "] * len(FIELDS))
    assert read(f"{clinical_template()}{row}\n").record_for("1") == ClinicalRecord()


@given(word=st.sampled_from([None, "", "NA", []]))
@settings(SHARED_FOLDER)
def test_the_unknown_never_becomes_a_value_in_json(read, word):
    content = json.dumps({"subject": "1", **dict.fromkeys(FIELDS, word)})
    assert read(content, "labs.json").record_for("1") == ClinicalRecord()


def test_a_record_written_as_json_is_read_back(one):
    record = ClinicalRecord(
        age_years=60,
        sex="F",
        onset="chronic",
        drugs=(Drug(name="metronidazole"), Drug(name="tacrolimus", level_ng_ml=7.7)),
        interacting_drugs=("fluconazole",),
        magnesium_mmol_l=0.71,
        infection_pcr={"jcv": False, "hsv": True},
        seizure=False,
    )
    assert one(record.model_dump_json(), "record.json") == record


def _outcome(read, content, name):
    """What a person sees: a table, or a sentence that names the file."""
    try:
        return f"{name}: {len(read(content, name).records)} rows"
    except ClinicalError as error:
        return str(error)


@given(content=st.binary(max_size=300), name=st.sampled_from(["x.csv", "x.json", "x.tsv"]))
@settings(SHARED_FOLDER, max_examples=200)
def test_any_file_is_read_or_refused_with_a_sentence(read, content, name):
    assert _outcome(read, content, name).startswith(name)


@given(text=st.text(st.characters(codec="utf-8"), max_size=60), field=st.sampled_from(list(FIELDS)))
@settings(SHARED_FOLDER, max_examples=200)
def test_any_cell_is_read_or_refused_with_a_sentence(read, text, field):
    assert _outcome(read, json.dumps({field: text}), "x.json").startswith("x.json")
