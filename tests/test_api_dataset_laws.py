"""Laws of datasets: whatever is filtered and sorted, the rows are those that plain Python finds, page by page too."""

import csv
import io
import operator
import random
from decimal import Decimal
from functools import cmp_to_key
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from loading import Place, fine
from tasking import links

WORDS = ["a", "B", "ab", "Ab%", "a_b", "ä", "Äb", "ß", "SS", "x,y", '"q"', "[a]", "*", "=1", "-", "é?", "Σ", "ς"]
ASKED = {
    "n": ["0", "3", "-7", "9007199254740993", "99999999999999999999999"],
    "x": ["0", "-1.5", "2.25", "1e3", "3"],
    "exact": ["0.1", "1.10", "-12345678901234567890.5", "1"],
    "w": WORDS,
    "b": ["true", "false"],
    "d": ["2020-02-29", "2021-01-01"],
    "m": ["2020-02-29T10:00:00", "2021-01-01T00:00:00.500000"],
}
READ = {"n": int, "x": float, "exact": Decimal}
COMPARED = {
    "": operator.eq, ".eq": operator.eq, ".ne": operator.ne, ".lt": operator.lt, ".lte": operator.le,
    ".gt": operator.gt, ".gte": operator.ge,
}  # fmt: skip
# A text is more or less than another one as the database's collation has it.
ORDERED = [name for name in ASKED if name != "w"]


def table(rows=200):
    draw = random.Random(5)
    out = io.StringIO(newline="")
    write = csv.writer(out)
    write.writerow(["id", *ASKED])
    for number in draw.sample(range(1, 10_000), rows):
        cells = [draw.choice(["", *values, *values]) for values in ASKED.values()]
        cells[0] = "" if len(cells[0]) > 19 else cells[0]
        write.writerow([number, *cells])
    return out.getvalue()


@pytest.fixture
def anna(tmp_path, any_url, make_app, sign_up):
    """Somebody who may read the table that was loaded."""
    place = Place(tmp_path, any_url)
    types = [part for name in ("exact=decimal", "b=boolean", "d=date", "m=datetime") for part in ("--type", name)]
    anna = sign_up(make_app(any_url), "anna")
    answer = place.load(table(), *types, "--share", "--index", "n", "--index", "b,d")
    fine(answer)
    assert (answer.code, place.rejects()) == (0, []), answer.said
    return anna


def value_of(row, name):
    """A value as Python compares it."""
    return None if row[name] is None else READ.get(name, lambda value: value)(row[name])


def read(name, text):
    """What an address says, as Python compares it."""
    return {"true": True, "false": False}[text] if name == "b" else READ.get(name, int if name == "id" else str)(text)


@st.composite
def filters(draw):
    """A parameter, and the same in Python."""
    name = draw(st.sampled_from([*ASKED, "id"]))
    asked = ASKED.get(name, ["5", "5000"])
    kind = draw(st.sampled_from(["compare", "is", "in", "contains"]))
    if kind == "is":
        missing = draw(st.booleans())
        return f"{name}.is", "null" if missing else "notnull", lambda row: (row[name] is None) == missing
    if kind == "in":
        some = draw(st.lists(st.sampled_from(asked), min_size=1, max_size=3))
        values = [read(name, text) for text in some]
        out = io.StringIO()
        csv.writer(out, lineterminator="").writerow(some)
        return f"{name}.in", out.getvalue(), lambda row: row[name] is not None and value_of(row, name) in values
    if kind == "contains":
        part = draw(st.sampled_from(["a", "B", "%", "_", ",", "*", "[", '"', "ß", "s", "ä", "σ"]))
        return "w.contains", part, lambda row: row["w"] is not None and _folded(part) in _folded(row["w"])
    signs = list(COMPARED) if name != "w" else ["", ".eq", ".ne"]
    sign, text = draw(st.sampled_from(signs)), draw(st.sampled_from(asked))
    value = read(name, text)
    return f"{name}{sign}", text, lambda row: row[name] is not None and COMPARED[sign](value_of(row, name), value)


def _folded(text):
    return text.casefold().replace("ς", "σ")


def ordered(rows, sort):
    """The rows in the order that `sort` asks for: NULLs last, ties by id the way of the last column."""
    keys = [(part.removeprefix("-"), part.startswith("-")) for part in sort]
    keys.append(("id", bool(keys) and keys[-1][1]))

    def compare(one, other):
        for name, down in keys:
            first, second = value_of(one, name), value_of(other, name)
            if first == second:
                continue
            if first is None or second is None:
                return 1 if first is None else -1
            return (1 if first > second else -1) * (-1 if down else 1)
        return 0

    return sorted(rows, key=cmp_to_key(compare))


SORTS = st.lists(st.sampled_from(ORDERED), max_size=3, unique=True).flatmap(
    lambda names: st.tuples(*(st.sampled_from([name, f"-{name}"]) for name in names))
)


@pytest.mark.slow
def test_rows_are_those_that_python_finds_in_its_order(anna):
    everything = anna.get("/datasets/t/rows?per_page=1000").json
    assert len(everything) == 200

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(asked=st.lists(filters(), max_size=3, unique_by=lambda one: one[0]), sort=SORTS, size=st.integers(7, 60))
    @example(asked=[], sort=("-m", "b"), size=1)  # once: as many requests as there are rows
    def law(asked, sort, size):
        query = {name: text for name, text, _ in asked} | ({"sort": ",".join(sort)} if sort else {})
        expected = [row for row in everything if all(holds(row) for *_, holds in asked)]
        expected = [row["id"] for row in ordered(expected, sort)]
        address = f"/datasets/t/rows?{urlencode({**query, 'per_page': size})}"
        found = []
        while address:
            answer = anna.get(address)
            assert answer.status_code == 200, answer.json
            assert answer.headers["X-Total-Count"] == str(len(expected)), query
            found += [row["id"] for row in answer.json]
            assert found == expected[: len(found)], query  # nor does the walk ever go round
            address = links(answer).get("next") if "Link" in answer.headers else None
        assert found == expected, query
        for page in (2, 3):
            answer = anna.get(f"/datasets/t/rows?{urlencode({**query, 'per_page': size, 'page': page})}")
            assert [row["id"] for row in answer.json] == expected[(page - 1) * size : page * size], query

    law()
