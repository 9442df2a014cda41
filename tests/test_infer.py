"""What the values of a column prove together, the type that follows, and the names of columns."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.infer import Evidence, Hints, decide, decide_all, hints_of
from etl.names import RESERVED, column_names
from etl.table_schema import Field, Schema


def evidence_of(texts):
    found = Evidence()
    for line, text in enumerate(texts, start=2):
        found.add(text, line=line)
    return found


def decided(texts, *, day_first=None, mark="", **declared):
    return decide(evidence_of(texts), Field("a", "A", **declared), Hints(mark, day_first))


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        ("1 2 3", "integer"),
        ("1 0 1", "integer"),
        ("-1 1,234 5", "integer"),
        ("1 2 9223372036854775808", "decimal"),
        ("1 2.5", "number"),
        ("1 9007199254740993 2.5", "decimal"),
        ("0.12345678901234567890 1", "decimal"),
        ("0.1 0.2", "number"),
        ("1 007", "text"),
        ("02134 10001", "text"),
        ("1 A17", "text"),
        ("$1 $2.50", "number"),
        ("$1 $2", "integer"),
        ("$1 €2", "text"),
        ("1% 2.5%", "number"),
        ("1% 2.5% 3", "text"),
        ("1,5 2,5", "number"),
        ("1,5 2.5", "text"),
        ("1.234,5 2", "number"),
        ("+4915112 +4930", "text"),
        ("+1 -1", "integer"),
        ("1e5 2", "number"),
        ("inf 1 2", "text"),
        ("0x1F 1", "text"),
        ("true false", "boolean"),
        ("yes no 1 0", "boolean"),
        ("Y N y", "boolean"),
        ("Y Y", "text"),
        ("true true", "boolean"),
        ("yes 1 0 2", "integer"),
        ("2024-01-31 2024-02-01", "date"),
        ("2024-01-31 2024-02-01T10:00", "datetime"),
        ("13/01/2024 01/02/2024", "date"),
        ("01/02/2024 02/03/2024", "text"),
        ("13/01/2024 01/13/2024", "text"),
        ("05/05/2024 06/06/2024", "date"),
        ("2024-01-31T10:00Z 2024-01-31T10:00+01:00", "datetime"),
        ("2024-01-31T10:00Z 2024-01-31T10:00", "text"),
        ("10:00 11:30:15", "time"),
        ("10:00 2024-01-31", "text"),
        ("2024 2024-01-31", "text"),
        ("Anna Bob", "text"),
        ("1 2 3 4 x", "integer"),
        ("1 2 3 x", "integer"),
        ("1 2 x", "text"),
        ("2024-01-31 2024-02-01 2024-02-30 2024-03-01", "date"),
        ("2024-01-31 2024-02-30", "text"),
        ("1 NA - unknown null ?", "integer"),
        ("NA NA", "text"),
        ("", "text"),
    ],
)
def test_the_type_that_the_values_of_a_column_leave(texts, kind):
    assert decided(texts.split()).type == kind, decided(texts.split()).reason


@pytest.mark.parametrize(("day_first", "order"), [(True, "day"), (False, "month")])
def test_the_user_decides_between_days_and_months(day_first, order):
    column = decided(["01/02/2024", "02/03/2024"], day_first=day_first)
    assert (column.type, column.date_order) == ("date", order)


def test_an_open_order_is_text_and_its_reason_names_the_option():
    assert "--day-first" in decided(["01/02/2024"]).reason


@pytest.mark.parametrize(("texts", "order"), [("13/01/2024 01/02/2024", "day"), ("01/13/2024 01/02/2024", "month")])
def test_one_value_decides_the_order_of_all(texts, order):
    assert decided(texts.split()).date_order == order


@pytest.mark.parametrize(
    ("columns", "delimiter", "mark"),
    [
        (["1.5"], ",", "."),
        (["1,5"], ";", ","),
        (["1,5 1.5"], ";", ""),
        (["1,234"], ";", ","),
        (["1,234", "1.5"], ";", "."),
        (["1,234"], ",", ""),
        (["x"], ",", ""),
    ],
)
def test_the_decimal_mark_is_the_one_that_any_column_proves_and_none_disproves(columns, delimiter, mark):
    assert hints_of([evidence_of(texts.split()) for texts in columns], delimiter).decimal_mark == mark


def test_a_column_that_leaves_its_marks_open_reads_them_as_the_others_do():
    columns = [evidence_of(["1.234", "5.678"]), evidence_of(["1,5", "2,25"])]
    schema = Schema((Field("a", "a"), Field("b", "b")))
    assert [column.type for column in decide_all(columns, schema, ";").fields] == ["integer", "number"]
    columns = [evidence_of(["1.234", "5.678"]), evidence_of(["1.5", "2.25"])]
    assert [column.type for column in decide_all(columns, schema, ",").fields] == ["number", "number"]


@pytest.mark.parametrize("kind", ["integer", "number", "decimal", "date", "datetime", "boolean", "text"])
def test_what_was_declared_stays(kind):
    assert decided(["007", "x", "2024-01-31", "1,5"], type=kind, declared=True).type == kind


@pytest.mark.parametrize(
    ("texts", "in_reason"),
    [
        ("1 A17", "'A17' in line 3"),
        ("1 007", "'007' in line 3"),
        ("$1 €2", "two currencies"),
        ("1% 3", "%"),
        ("1,5 2.5", "two ways"),
        ("1 2 x", "'x' in line 4"),
    ],
)
def test_a_column_left_as_text_says_why(texts, in_reason):
    assert in_reason in decided(texts.split()).reason


VALUES = st.sampled_from(
    [
        "1",
        "2.5",
        "007",
        "x",
        "yes",
        "2024-01-31",
        "31/12/2024",
        "12/31/2024",
        "01/02/2024",
        "$5",
        "5%",
        "1,5",
        "1,234",
        "NA",
        "2024-02-30",
    ]
)


@settings(derandomize=True, deadline=None, database=None)
@given(st.lists(VALUES, max_size=12), st.integers(0, 12), st.randoms(use_true_random=False))
def test_evidence_adds_up_in_any_order(texts, cut, random):
    whole = evidence_of(texts)
    shuffled = list(texts)
    random.shuffle(shuffled)
    parts = evidence_of(shuffled[:cut])
    parts.update(evidence_of(shuffled[cut:]))
    assert parts.counts == whole.counts
    one, other = (decide(found, Field("a", "a"), Hints()) for found in (whole, parts))
    assert (one.type, one.date_order, one.decimal_mark) == (other.type, other.date_order, other.decimal_mark)


# ---- names ----


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (["a", "b"], ["a", "b"]),
        (["First Name", " Last  name "], ["first_name", "last_name"]),
        (["a.b-c/d", "(x)", "%"], ["a_b_c_d", "x", "column_3"]),
        (["a", "a", "A"], ["a", "a_2", "a_3"]),
        (["a", "a", "a_2"], ["a", "a_2", "a_2_2"]),
        (["", "", "x"], ["column_1", "column_2", "x"]),
        (["column_2", ""], ["column_2", "column_2_2"]),
        (["rowid", "oid", "row_number", "ctid", "xmin"], ["rowid_2", "oid_2", "row_number_2", "ctid_2", "xmin_2"]),
        (["Größe", "имя", "名前", "Année"], ["größe", "имя", "名前", "année"]),
        (["GROSSE", "ÉTÉ"], ["grosse", "été"]),
        (["2019", "2020"], ["2019", "2020"]),
        (["order", "select", "group"], ["order", "select", "group"]),
        (["a\nb"], ["a_b"]),
        (["cafe\N{COMBINING ACUTE ACCENT}"], ["café"]),
        (["_a_"], ["a"]),
    ],
)
def test_names_of_columns(header, names):
    assert column_names(header) == names


@settings(derandomize=True, deadline=None, database=None)
@given(st.lists(st.one_of(st.text(max_size=100), st.sampled_from(["a", "A", "", "rowid", "é" * 60])), max_size=12))
def test_names_are_unique_short_enough_for_every_database_and_never_reserved(header):
    names = column_names(header)
    assert len(names) == len(header)
    assert len({name.casefold() for name in names}) == len(names)
    assert all(name and len(name.encode()) <= 63 and name not in RESERVED for name in names)
    assert all(name == name.lower() for name in names)
