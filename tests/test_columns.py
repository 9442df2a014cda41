"""Columns read all at once: never otherwise than value by value."""

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etl.clean import _read_one
from etl.column_bytes import BLANKS
from etl.columns import arrow_type, read_common, trimmed
from etl.table_schema import Field

MARKED = st.text("0123456789.,-+()$€% eE'xNa", min_size=1, max_size=12).map(str.strip).filter(bool)
NUMBERS = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.integers(-(10**9), 10**9).map("{:,}".format),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(-(10**7), 10**7, places=2).map("${:,.2f}".format),
    st.decimals(0, 100, places=1).map("{}%".format),
    st.sampled_from(["007", "-05", "0", "-0", "0.5", ".5", "5.", "-", "1.234,5", "(12.50)", "($5)", "NA", "1e5"]),
    st.sampled_from(["inf", "0.1234567890123456", "9007199254740993", "-9007199254740993", "$9,007,199,254,740,993"]),
)
MOMENTS = st.one_of(
    st.datetimes().map(str),
    st.dates().map(str),
    st.sampled_from(["2024-02-30", "2024-01-01 10:30", "2024-01-01T10:00:00Z", "2024-01-01 101010.1234567", "N/A"]),
    st.sampled_from(["0000-02-29", "0000-01-01 10:00:00", "0001-01-01T00:00:00+02:00", "9999-12-31T23:00:00-02:00"]),
    st.text("0123456789-: TZ.+", min_size=8, max_size=26).map(str.strip).filter(bool),
)
FLAGS = st.sampled_from(["yes", "No", "TRUE", "tRuE", "t", "F", "1", "0", "on", "Off", "maybe", "2", "unknown"])
FIELDS = [
    (Field("a", "a", type="integer"), MARKED | NUMBERS),
    (Field("a", "a", type="integer", percent=True, bare=False), MARKED | NUMBERS),
    (Field("a", "a", type="integer", currency="$", declared=True), MARKED | NUMBERS),
    (Field("a", "a", type="number"), MARKED | NUMBERS),
    (Field("a", "a", type="number", currency="$"), MARKED | NUMBERS),
    (Field("a", "a", type="number", percent=True, bare=False), MARKED | NUMBERS),
    (Field("a", "a", type="number", percent=True, declared=True), MARKED | NUMBERS),
    (Field("a", "a", type="number", decimal_mark=",", group_mark="."), MARKED | NUMBERS),
    (Field("a", "a", type="decimal"), MARKED | NUMBERS),
    (Field("a", "a", type="boolean"), FLAGS),
    (Field("a", "a", type="boolean", declared=True, true_values=("2",), false_values=("maybe",)), FLAGS),
    (Field("a", "a", type="date", date_order=""), MOMENTS),
    (Field("a", "a", type="datetime", date_order=""), MOMENTS),
    (Field("a", "a", type="datetime", date_order="", zoned=True), MOMENTS),
]


@pytest.mark.parametrize(("field", "texts"), FIELDS, ids=lambda given: getattr(given, "type", ""))
def test_what_is_read_at_once_is_what_is_read_value_by_value(field, texts):
    @given(st.lists(texts | st.none(), max_size=12), st.integers(0, 3))
    def law(values, skipped):
        text = pa.array(values, pa.string())[skipped:]
        read, left = read_common(text, field)
        assert (read.type, len(read)) == (arrow_type(field), len(text))
        for place, word in enumerate(text.to_pylist()):
            if word is None or (left is not None and left[place]):
                assert read[place].as_py() is None
            else:
                verdict, value = _read_one(word, field)
                assert (verdict, pa.scalar(value, read.type)) == ("", read[place])

    law()


@given(st.lists(st.text(alphabet=st.sampled_from([*BLANKS, "a", "é", "中", "\x00", "\x7f", "\u00a1", "\u2030"]))))
@example(["a"])
@example(["", "a "])
@example(["a", "\u3000a"])
@example(["a\u0085"])
def test_what_is_trimmed_is_what_strip_leaves_and_nothing_is_missing(texts):
    assert trimmed(pa.array(texts, pa.string())).to_pylist() == [text.strip() or None for text in texts]
