"""Statistics that add up: the parts of any blocks, put together, are the statistics of the whole."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction

import datasketches
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from etl.clean import Cleaned, Reject, arrow_type
from etl.distinct import LOG_BUCKETS, RELATIVE_ERROR, sketch_of, text_keys
from etl.histogram import MOST_BINS, edge, histogram, joined
from etl.measure import EXAMPLES, exact_sum, measured
from etl.profile_parts import Profile
from etl.table_schema import Field, Schema

LAW = settings(
    max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
FIELDS = {
    **{kind: Field("c", "C", kind) for kind in ("integer", "number", "decimal", "boolean", "text", "date", "time")},
    "datetime": Field("c", "C", "datetime"),
    "zoned": Field("c", "C", "datetime", zoned=True),
}
VALUES = {
    "integer": st.integers(-(2**63), 2**63 - 1) | st.integers(-9, 9),
    "number": st.floats(allow_nan=False, allow_infinity=False) | st.floats(-9, 9, width=16),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False, places=3).map(lambda value: format(value, "f")),
    "boolean": st.booleans(),
    "text": st.text(st.characters(exclude_categories=("Cs",)), max_size=9) | st.sampled_from(("a", "b")),
    "date": st.dates(),
    "time": st.times(),
    "datetime": st.datetimes(),
    "zoned": st.datetimes(timezones=st.just(UTC)),
}
SKETCHED = ("quantiles",)


def part(values, field, *, number=0, every=1, rejects=()):
    array = pa.array(values, arrow_type(field))
    rows = pd.DataFrame({"c": pd.array(array, dtype=pd.ArrowDtype(array.type))})
    cleaned = Cleaned(rows, np.arange(len(values)), list(rejects), 0)
    return measured(cleaned, number, kinds=(field.type,), every=every)


def profile(blocks, field, **options):
    made = Profile(Schema((field,)))
    for number, block in enumerate(blocks):
        made.add(part(block, field, number=number, **options), number, 0)
    return made.as_json()


def column(blocks, field, **options):
    return profile(blocks, field, **options)["columns"][0]


def exact(found):
    return {name: value for name, value in found.items() if name not in SKETCHED}


def blocks_of(kind):
    return st.lists(st.lists(st.none() | VALUES[kind], max_size=30), min_size=1, max_size=6)


@pytest.mark.parametrize("kind", FIELDS)
def test_blocks_put_together_are_the_whole(kind):
    @LAW
    @given(blocks_of(kind))
    @example([[], []])
    def law(blocks):
        whole = [value for block in blocks for value in block]
        field = FIELDS[kind]
        assert exact(column(blocks, field)) == exact(column([whole], field))
        assert exact(column(blocks[::-1], field)) == exact(column([whole], field))

    law()


@pytest.mark.parametrize("kind", FIELDS)
def test_figures_are_those_of_plain_python(kind):
    @LAW
    @given(blocks_of(kind))
    def law(blocks):
        values = [value for block in blocks for value in block if value is not None]
        found = column(blocks, FIELDS[kind])
        told = [Decimal(value) for value in values] if kind == "decimal" else values
        assert found["count"] == len(values)
        assert found["missing"] == sum(map(len, blocks)) - len(values)
        assert found["distinct"] == len(set(told))
        assert found["distinct_is_exact"] and found["most_frequent_is_exact"]
        counts = sorted(Counter(told).values(), reverse=True)[:10]
        assert [entry["count"] for entry in found["most_frequent"]] == counts
        if "histogram" in found:
            assert sum(found["histogram"]["counts"]) == len(values)
            assert len(found["histogram"]["counts"]) <= MOST_BINS
        if values and kind == "text":
            assert (found["min"], found["max"]) == (min(values), max(values))
            lengths = [len(value) for value in values]
            assert found["lengths"] == {
                "min": min(lengths), "max": max(lengths), "mean": sum(lengths) / len(lengths)
            }  # fmt: skip
        if values and kind in ("integer", "number", "decimal"):
            assert Fraction(found["min"]) == Fraction(min(told)) and Fraction(found["max"]) == Fraction(max(told))
            total = sum(map(Fraction, told))
            assert found["mean"] == float(total / len(told))
            if kind == "number" and abs(total) < 1.7e308:
                assert found["sum"] == float(total)
            else:
                assert Fraction(found["sum"]) == total

    law()


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("date", date(1, 1, 1), "0001-01-01"),
        ("date", date(9999, 12, 31), "9999-12-31"),
        ("time", time(23, 59, 59, 999_999), "23:59:59.999999"),
        ("datetime", datetime(2013, 1, 1, 10), "2013-01-01T10:00:00"),
        ("zoned", datetime(2013, 1, 1, 10, tzinfo=UTC), "2013-01-01T10:00:00+00:00"),
        ("integer", 2**53 + 1, "9007199254740993"),
        ("integer", 7, 7),
        ("number", 0.1, 0.1),
        ("decimal", "12345678901234567890.10", "12345678901234567890.1"),
        ("text", "x" * 150, "x" * 100),
    ],
)
def test_values_are_shown_as_json_keeps_them_exactly(kind, value, shown):
    found = column([[value], [None]], FIELDS[kind])
    assert found["min"] == found["max"] == shown
    assert found["most_frequent"] == [{"value": shown, "count": 1}]


def test_a_boolean_is_counted():
    found = column([[True, None], [False, True]], FIELDS["boolean"])
    assert found["most_frequent"] == [{"value": True, "count": 2}, {"value": False, "count": 1}]


def test_texts_alike_in_what_is_kept_of_them_leave_their_number_to_the_sketch():
    found = column([["x" * 100 + "a", "x" * 100 + "b"], ["y"]], FIELDS["text"])
    assert (found["distinct"], found["distinct_is_exact"]) == (3, False)
    assert found["most_frequent"][0] == {"value": "x" * 100, "count": 2}


def test_without_any_value_a_column_has_its_figures_all_the_same():
    for field in FIELDS.values():
        found = column([[None, None], []], field)
        assert (found["missing"], found["count"], found["distinct"]) == (2, 0, 0)
        assert found["min"] is None and found["most_frequent"] == []


MANY = np.random.default_rng(5)
LARGE = {
    "integer": MANY.integers(0, 10**6, 200_000),
    "number": MANY.lognormal(3, 2, 200_000),
    "text": np.array([f"customer number {value}" for value in MANY.integers(0, 60_000, 200_000)]),
}


@pytest.mark.parametrize("every", [1, 8])
@pytest.mark.parametrize("kind", LARGE)
def test_sketches_keep_within_their_error(kind, every):
    values = LARGE[kind]
    blocks = np.array_split(values, 9)
    found = profile(blocks, FIELDS[kind], every=every)
    errors, found = found["errors"], found["columns"][0]
    distinct = len(np.unique(values))
    assert not found["distinct_is_exact"]
    assert abs(found["distinct"] - distinct) <= 4 * errors["distinct"] * distinct
    for share, value in found.get("quantiles", {}).items():
        below, upto = np.searchsorted(np.sort(values), value), np.searchsorted(np.sort(values), value, side="right")
        assert below / len(values) - 1.5 * errors["quantiles"] <= float(share)
        assert float(share) <= upto / len(values) + 1.5 * errors["quantiles"]
    if kind != "text":
        assert np.array_equal(
            found["histogram"]["counts"], np.histogram(values, np.array(found["histogram"]["edges"]))[0]
        )


def test_what_is_shown_as_most_frequent_is_that():
    common = np.repeat([f"often {place}" for place in range(5)], [9000, 8000, 7000, 6000, 5000])
    values = np.concatenate([common, [f"once {place}" for place in range(60_000)]])
    MANY.shuffle(values)
    found = column(np.array_split(values, 7), FIELDS["text"])
    assert not found["most_frequent_is_exact"]
    assert [entry["value"] for entry in found["most_frequent"]][:5] == [f"often {place}" for place in range(5)]
    for entry, there in zip(found["most_frequent"], (9000, 8000, 7000, 6000, 5000), strict=False):
        assert 0.9 * there <= entry["count"] <= there


@pytest.mark.parametrize("size", [1, 400, 600, 5_000, 100_000])
def test_a_sketch_made_at_once_is_the_sketch_of_its_keys_one_by_one(size):
    keys = MANY.integers(-(2**63), 2**63 - 1, size)
    fed, made = (datasketches.hll_union(LOG_BUCKETS) for _ in range(2))
    for key in keys.tolist():
        fed.update(key)
    made.update(datasketches.hll_sketch.deserialize(sketch_of(keys)))
    buckets = [
        union.get_result(datasketches.tgt_hll_type.HLL_8).serialize_updatable()[40:] for union in (fed, made)
    ]  # fmt: skip
    if size >= 600:
        assert buckets[0] == buckets[1]
    assert abs(made.get_estimate() - size) <= max(4 * RELATIVE_ERROR * size, 0.5)


@LAW
@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=40)), st.integers(0, 3))
@example(["", "a", "a\x00", "\x00", "\x00\x00", "12345678", "123456789", "1234567812345678"], 0)
def test_different_texts_have_different_keys(texts, skipped):
    array = pa.array(texts, pa.string())[skipped:]
    assert len(set(text_keys(array).tolist())) == len(set(array.to_pylist()))
    assert text_keys(array).tolist() == [text_keys(pa.array([text], pa.string()))[0] for text in array.to_pylist()]


@LAW
@given(st.lists(VALUES["number"], min_size=1), st.lists(VALUES["integer"], min_size=1))
@example([1e308, 1e308, -1e308, 5e-324], [2**63 - 1] * 3)
def test_sums_are_exact(doubles, integers):
    assert exact_sum(np.array(doubles)) == sum(map(Fraction, doubles))
    assert exact_sum(np.array(integers, dtype=np.int64)) == sum(integers)


@LAW
@given(st.lists(VALUES["number"], min_size=1), st.lists(VALUES["number"], min_size=1))
@example([0.3], [0.1, 0.2, 0.7])
@example([1.7976931348623157e308], [-1.7976931348623157e308])
def test_every_value_lies_in_its_bin(some, others):
    whole = histogram(np.sort(np.array(some + others)), "number")
    assert joined(histogram(np.sort(np.array(some)), "number"), histogram(np.sort(np.array(others)), "number")) == whole
    edges = [edge("number", whole.rung, whole.first + place) for place in range(len(whole.counts) + 1)]
    for place, count in enumerate(whole.counts):
        beyond = math.inf if place == len(whole.counts) - 1 else edges[place + 1]
        assert count == sum(edges[place] <= value < beyond for value in some + others)


def test_rejects_are_counted_by_reason_with_their_first_lines():
    def reject(line, column="c", kind="c: a word"):
        return Reject(line, line - 1, column, "'x' is a word", f"raw {line}", kind)

    made = Profile(Schema((FIELDS["text"],)))
    late = [reject(line) for line in range(50, 60)]
    made.add(part([], FIELDS["text"], rejects=[*late, reject(70, None, "fields")]), 2, 0)
    made.add(part([], FIELDS["text"], rejects=[reject(3), reject(5)]), 1, 0)
    found = made.as_json()["rejects"]
    assert [(entry["column"], entry["reason"], entry["count"]) for entry in found] == [
        ("c", "a word", 12), (None, "fields", 1)
    ]  # fmt: skip
    assert [example["line"] for example in found[0]["examples"]] == [3, 5, 50][:EXAMPLES]


def test_a_part_is_small_and_so_is_what_is_kept_of_many():
    text = np.array([f"{place} of many texts" for place in range(30_000)])
    assert len(part(text, FIELDS["text"])) < 5_000
    assert len(part(MANY.normal(size=30_000), FIELDS["number"])) < 20_000
    made = Profile(Schema((FIELDS["integer"],)))
    for number in range(1000):
        made.add(part([number], FIELDS["integer"]), number, number)
    assert len(made.as_json()["speed"]) <= 400
    assert not math.isnan(made.as_json()["columns"][0]["mean"])
