"""Evidence counted for whole columns at once: the same as value by value."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etl.infer import Evidence
from etl.survey import COMMON, count_texts, shape

VALUES = st.one_of(
    st.from_regex(r"[-+(]{0,2}[$€]?[0-9]{0,7}[.,]?[0-9]{0,11}[.,]?[0-9]{0,4}[%€]?\)?", fullmatch=True),
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}:[0-9]{2})?", fullmatch=True),
    st.sampled_from(["0", "1", "0.0", "0.00", "007", "1.234", "1234.567", "n/a", "yes", "abc", "1/2/2024", "$0.00"]),
    st.text(alphabet="0123456789.,-/: $%eEx", min_size=1, max_size=17),
)


@given(st.lists(VALUES.map(str.strip).filter(bool), min_size=1, max_size=30))
@example(["0.0", "0.00", "0.10", "-0.0", "1.000", "1000.000", "$1,000.50", "$2,999.05", "$0.00", "9.99%", "0%"])
@example(["0000-01-01"])
@example(["0000-02-29 10:00:00", "0001-01-01", "9999-12-31"])
def test_a_column_counted_at_once_proves_what_its_values_prove_one_by_one(texts):
    at_once, one_by_one = Evidence(), Evidence()
    count_texts(pa.array(texts, pa.string()), np.arange(2, len(texts) + 2), at_once)
    for line, text in enumerate(texts, start=2):
        one_by_one.add(text, line=line)
    counted = {name: count for name, count in at_once.counts.items() if count}
    assert counted == dict(one_by_one.counts)
    assert {text for text, _line in at_once.examples.values()} <= set(texts)


@pytest.mark.parametrize("pattern", [pattern for pattern, _features in COMMON])
@given(data=st.data())
def test_what_is_common_is_what_it_is_taken_for(pattern, data):
    text = data.draw(st.from_regex(pattern, fullmatch=True)).strip()
    features = dict(COMMON)[pattern]
    found = Evidence()
    found.add(text)
    assert sorted(found.counts) == sorted(features)


def test_amounts_that_differ_in_digits_above_one_have_one_shape():
    amounts = ["$3,914.50", "$7,218.20", "$7,018.20", "2024-03-05", "3914.50"]
    assert shape(pa.array(amounts)).to_pylist() == ["$2,212.20", "$2,212.20", "$2,012.20", "2024-03-05", "3914.50"]
