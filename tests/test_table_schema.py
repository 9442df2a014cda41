"""Frictionless Table Schema in and out, and what its constraints do to rows."""

from __future__ import annotations

import json

import pytest
from loading import Place, fine


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def schema_file(place, fields, **others):
    return place.write(json.dumps({"fields": fields, **others}), "schema.json")


def loaded_with(place, content, fields, *options, **others):
    answer = place.load(content, "--schema", schema_file(place, fields, **others), *options)
    fine(answer)
    return answer


FILE = """Id;Größe;Price;Share;Born;Seen;Active;Code;Big
1;1,5;$1.234,50;5%;31/12/1999;2024-01-31T10:00Z;yes;007;123456789012345678901234567890
2;2,5;($2,00);6%;01/02/2000;2024-01-31T11:00+01:00;no;A17;5
"""


def test_the_schema_that_is_printed_says_everything_that_was_found_out(place):
    answer = place.load(FILE, "--print-schema")
    assert answer.code == 0, answer.said
    schema = json.loads(answer.out)
    fields = {field["name"]: field for field in schema["fields"]}
    assert {name: field["type"] for name, field in fields.items()} == {
        "id": "integer", "größe": "number", "price": "number", "share": "integer", "born": "date", "seen": "datetime",
        "active": "boolean", "code": "string", "big": "number",
    }  # fmt: skip
    assert fields["größe"]["decimalChar"] == ","
    assert fields["größe"]["title"] == "Größe"
    assert fields["price"]["bareNumber"] is False
    assert fields["share"]["bareNumber"] is False
    assert schema["primaryKey"] in ("id", ["id"])
    assert "t" not in place.tables()


def test_a_printed_schema_loads_the_same_table_again(place):
    place.load(FILE)
    kinds, rows, types, key = place.kinds(), place.rows(), place.types(), place.key()
    place.write(place.load(FILE, "--print-schema").out, "schema.json")
    answer = place.load(FILE, "--schema", place.folder / "schema.json", "--restart")
    assert answer.code == 0, answer.said
    assert (place.kinds(), place.rows(), place.types(), place.key()) == (kinds, rows, types, key)
    assert place.rejects() == []


def test_under_a_printed_schema_values_of_a_later_file_that_do_not_fit_are_set_aside(place):
    place.write(place.load("id,a,b\n1,5,2024-01-31\n", "--print-schema").out, "schema.json")
    answer = place.load("id,a,b\n1,5,2024-01-31\n2,007,x\n", "--schema", place.folder / "schema.json")
    assert answer.code == 0, answer.said
    assert place.rows() == [(1, 5, "2024-01-31"), (2, None, None)]
    assert [(line, column, raw) for line, _, column, _, raw in place.rejects()] == [(3, "a", "007"), (3, "b", "x")]


CONSTRAINTS = [
    ("integer", "required", True, ["1", "", "2"], [1]),
    ("text", "required", True, ["a", " ", "b"], [1]),
    ("integer", "minimum", 2, ["1", "2", "3", ""], [0]),
    ("integer", "minimum", "2", ["1", "2", "3"], [0]),
    ("integer", "maximum", 2, ["1", "2", "3", ""], [2]),
    ("number", "minimum", 1.5, ["1.25", "1.5", "2"], [0]),
    ("decimal", "maximum", "0.30000000000000000001", ["0.30000000000000000001", "0.30000000000000000002"], [1]),
    ("decimal", "minimum", 10, ["9", "10.5", "100"], [0]),
    ("date", "minimum", "2024-01-01", ["2023-12-31", "2024-01-01"], [0]),
    ("date", "maximum", "2024-01-01", ["2024-01-01", "2024-01-02"], [1]),
    ("datetime", "minimum", "2024-01-01T10:00:00", ["2024-01-01T09:59:59", "2024-01-01T10:00:00"], [0]),
    ("time", "maximum", "12:00", ["11:59", "12:00", "12:01"], [2]),
    ("text", "minLength", 2, ["a", "ab", "", "éé"], [0]),
    ("text", "maxLength", 2, ["ab", "abc", "北京", "北京市"], [1, 3]),
    ("text", "pattern", "[A-Z][0-9]+", ["A17", "xA17", "A17x", ""], [1, 2]),
    ("text", "pattern", "a|b", ["a", "b", "ab"], [2]),
    ("text", "enum", ["red", "blue"], ["red", "green", "", "blue"], [1]),
    ("integer", "enum", [1, 2], ["1", "3"], [1]),
    ("integer", "enum", ["1", "2"], ["1", "3"], [1]),
    ("boolean", "enum", [True], ["yes", "no"], [1]),
    ("date", "enum", ["2024-01-31"], ["2024-01-31", "2024-02-01"], [1]),
    ("text", "unique", True, ["a", "b", "a", "", ""], [2]),
    ("integer", "unique", True, ["1", "1,000", "1000"], [2]),
]


@pytest.mark.parametrize("chunk", [1, 100_000])
@pytest.mark.parametrize(("kind", "name", "wanted", "values", "broken"), CONSTRAINTS)
def test_a_row_that_breaks_a_constraint_is_rejected_with_the_constraint_in_the_reason(
    place, kind, name, wanted, values, broken, chunk
):
    content = "k,v\n" + "".join(f'r{number},"{value}"\n' for number, value in enumerate(values))
    declared = {"type": {"text": "string", "decimal": "number"}.get(kind, kind)} | (
        {"exact": True} if kind == "decimal" else {}
    )
    field = {"name": "v", **declared, "constraints": {name: wanted}}
    answer = loaded_with(place, content, [{"name": "k", "type": "string"}, field], "--chunk-size", chunk)
    assert answer.code == 0, answer.said
    assert place.values("k") == [f"r{number}" for number in range(len(values)) if number not in broken]
    assert [line for line, *_ in place.rejects()] == [number + 2 for number in broken]
    for _line, _number, column, reason, raw in place.rejects():
        assert column is None
        assert name in reason
        assert raw.startswith("r")
    assert place.account() == (len(values), len(values) - len(broken), len(broken))


def test_a_constraint_that_is_false_demands_nothing(place):
    fields = [{"name": "a", "type": "string", "constraints": {"required": False, "unique": False}}, {"name": "b"}]
    assert loaded_with(place, "a,b\n,1\nx,2\nx,3\n", fields).code == 0
    assert len(place.rows()) == 3


@pytest.mark.parametrize(
    ("entry", "content", "values"),
    [
        ({"type": "boolean", "trueValues": ["ja"], "falseValues": ["nein"]}, "ja nein", [1, 0]),
        ({"type": "number", "decimalChar": ","}, '"1,5" 2', [1.5, 2.0]),
        ({"type": "number", "decimalChar": ",", "groupChar": "."}, '"1.234,5" 2', [1234.5, 2.0]),
        ({"type": "integer", "groupChar": ","}, '"1,234" 2', [1234, 2]),
        ({"type": "number", "bareNumber": False}, "95% €4.50", [95.0, 4.5]),
        ({"type": "integer", "missingValues": ["-99"]}, "-99 5", [None, 5]),
        ({"type": "string", "missingValues": ["x", ""]}, "x y", [None, "y"]),
        ({"type": "string"}, "007 1e5", ["007", "1e5"]),
        ({"type": "date", "format": "%d/%m/%Y"}, "03/04/2025 05/06/2025", ["2025-04-03", "2025-06-05"]),
        ({"type": "date", "format": "%m/%d/%Y"}, "03/04/2025 05/06/2025", ["2025-03-04", "2025-05-06"]),
        ({"type": "date", "format": "%d.%m.%y"}, "03.04.25 05.06.25", ["2025-04-03", "2025-06-05"]),
        ({"type": "date"}, "2025-04-03 2025-04-04", ["2025-04-03", "2025-04-04"]),
        ({"type": "year"}, "2024 2025", [2024, 2025]),
        ({"type": "any"}, "2024 x", ["2024", "x"]),
    ],
)
def test_properties_of_a_field_say_how_its_values_are_written(place, entry, content, values):
    lines = "".join(f"w,{value}\n" for value in content.split())
    answer = loaded_with(place, "k,v\n" + lines, [{"name": "k", "type": "string"}, {"name": "v", **entry}])
    assert answer.code == 0, answer.said
    assert place.values("v") == values, place.rejects()
    assert place.rejects() == []


def test_missing_values_of_the_whole_schema_are_missing_in_every_column(place):
    fields = [{"name": "a", "type": "string"}, {"name": "b", "type": "integer"}]
    assert loaded_with(place, "a,b\nx,-\n-,5\n", fields, missingValues=["", "-"]).code == 0
    assert place.rows() == [(1, "x", None), (2, None, 5)]


def test_with_missing_values_of_its_own_a_column_knows_no_other_words_for_missing(place):
    fields = [{"name": "a", "type": "integer", "missingValues": [""]}, {"name": "b", "type": "string"}]
    assert loaded_with(place, "a,b\n1,x\nNA,y\n,z\n", fields).code == 0
    assert [(column, raw) for _, _, column, _, raw in place.rejects()] == [("a", "NA")]


@pytest.mark.parametrize("key", ["code", ["code"], ["code", "year"]])
def test_the_primary_key_of_a_schema_is_declared(place, key):
    fields = [{"name": "code", "type": "string"}, {"name": "year", "type": "integer"}]
    content = "code,year\na,1\nb,1\na,1\n,2\n"
    assert loaded_with(place, content, fields, primaryKey=key).code == 0
    assert place.key() == ([key] if isinstance(key, str) else key)
    assert [(line, "key" in reason) for line, _, _, reason, _ in place.rejects()] == [(4, True), (5, True)]


def test_columns_may_be_named_as_in_the_file_or_as_in_the_database(place):
    fields = [{"name": "Zip Code", "type": "string"}, {"name": "house_number", "type": "string"}]
    assert loaded_with(place, "Zip Code,House Number\n12345,1\n", fields).code == 0
    assert place.types() == {"zip_code": "text", "house_number": "text"}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("no json", "json"),
        ("[]", "fields"),
        ("{}", "fields"),
        ('{"fields": [{"type": "integer"}]}', "name"),
        ('{"fields": [{"name": "a", "type": "whole"}]}', "whole"),
        ('{"fields": [{"name": "z", "type": "integer"}]}', "z"),
        ('{"fields": [{"name": "a", "type": "integer", "constraints": {"least": 1}}]}', "least"),
        ('{"fields": [{"name": "a", "type": "integer", "constraints": {"minimum": "x"}}]}', "a"),
        ('{"fields": [{"name": "a", "type": "string", "constraints": {"pattern": "("}}]}', "a"),
        ('{"fields": [{"name": "a", "type": "integer", "constraints": {"minLength": 1}}]}', "a"),
        ('{"fields": [{"name": "a"}], "primaryKey": ["z"]}', "z"),
        ('{"fields": [{"name": "a"}], "primaryKey": 5}', "primaryKey"),
        ('{"fields": "a"}', "fields"),
        ('{"fields": ["a"]}', "field 1"),
        ('{"fields": [{"name": "a", "constraints": []}]}', "constraints"),
        ('{"fields": [{"name": "a", "type": 5}]}', "type"),
        ('{"fields": [{"name": "a", "type": "boolean", "trueValues": 5}]}', "trueValues"),
        ('{"fields": [{"name": "a", "type": "number", "decimalChar": "xx"}]}', "decimalChar"),
    ],
)
def test_a_schema_that_makes_no_sense_is_wrong_usage_and_one_line(place, written, said):
    answer = place.load("a,b\n1,2\n", "--schema", place.write(written, "schema.json"))
    fine(answer)
    assert answer.code == 2, answer.said
    assert answer.err.count("\n") == 1
    assert said.lower() in answer.err.lower()
    assert "t" not in place.tables()


def test_a_schema_file_that_is_not_there_is_wrong_usage(place):
    answer = place.load("a,b\n1,2\n", "--schema", place.folder / "nothing.json")
    assert (answer.code, answer.err.count("\n")) == (2, 1), answer.said
