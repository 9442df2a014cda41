"""The report: a page that stands alone, whose figures are those of the file, however the load went."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from loading import ROOT, Place, ended, fine, run
from test_flights import TYPES, file_of

VOID = {"meta", "link", "br", "hr", "img", "input"}
HOSTILE = '<script>alert("x")</script>'
ROWS = 40_000


class Page(HTMLParser):
    """A page read strictly: every element that begins also ends, in order."""

    def __init__(self, path) -> None:
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.texts = [], [], []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self):
        return " ".join(self.texts)


def profile_of(place):
    kept = place.last("profile")
    return json.loads(kept) if isinstance(kept, str) else kept


def same_but_sketches(one, other):
    """Quantiles are sketches that toss coins; all else is the same."""
    for made in (one, other):
        del made["speed"]
        for column in made["columns"]:
            column.pop("quantiles", None)
    assert one == other


def content(rows=ROWS):
    lines = [f"{number},{number % 977}.25,{2000 + number % 20}-01-{number % 28 + 1:02},word {number % 5000}"
             for number in range(rows)]  # fmt: skip
    lines[rows // 2] = f"{rows // 2},pending,2001-01-01,noise"
    lines[rows // 3] = "1,2,3,4,5,6"
    return "id,amount,day,word\n" + "\n".join(lines) + "\n"


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What the load of `content()` leaves as its profile when nobody disturbs it."""
    place = Place(tmp_path_factory.mktemp("undisturbed"))
    path = place.write(content())
    fine(place.load(path, "--report", place.folder / "r.html", "--chunk-size", "1000", "--workers", "1"))
    return json.dumps(profile_of(place))


@pytest.mark.slow
def test_flights_have_the_figures_that_pandas_finds(place):
    report = place.folder / "flights.html"
    answer = ended(place.start(file_of("flights"), "--report", report, "--workers", "2"))
    fine(answer)
    assert answer.code == 0, answer.said
    profile = profile_of(place)
    frame = pd.read_csv(file_of("flights"), keep_default_na=False, na_values={
        name: ["", "NA"] for name, kind in TYPES["flights"].items() if kind != "text"
    })  # fmt: skip
    assert profile["rows"] == len(frame)
    for found in profile["columns"]:
        matches_pandas(found, frame[found["name"]], profile["errors"])
    page = Page(report)
    for told in ("336,776", "dep_delay", "N725MQ", "12.6391"):
        assert told in page.text


def matches_pandas(found, values, errors):
    values = pd.to_datetime(values, utc=True) if found["type"] == "datetime" else values
    held = values.dropna()
    assert (found["missing"], found["count"]) == (values.isna().sum(), len(held))
    distinct = held.nunique()
    assert abs(found["distinct"] - distinct) <= (
        0 if found["distinct_is_exact"] else 3 * errors["distinct"] * distinct
    )  # fmt: skip
    frequent = held.value_counts()
    if found["most_frequent_is_exact"]:
        assert [entry["count"] for entry in found["most_frequent"]] == frequent.head(10).tolist()
        for entry in found["most_frequent"]:
            assert frequent[entry["value"]] == entry["count"]
    if found["type"] == "text":
        lengths = held.str.len()
        assert (found["min"], found["max"]) == (held.min(), held.max())
        assert found["lengths"] == {"min": lengths.min(), "max": lengths.max(), "mean": pytest.approx(lengths.mean())}
        return
    read = pd.Timestamp if found["type"] == "datetime" else float
    assert (read(found["min"]), read(found["max"])) == (held.min(), held.max())
    if found["type"] == "integer":
        assert found["sum"] == int(held.sum())
        assert found["mean"] == pytest.approx(held.mean(), rel=1e-12)
        assert found["histogram"]["counts"] == np.histogram(held, found["histogram"]["edges"])[0].tolist()
    for share, value in found["quantiles"].items():
        assert (held < read(value)).mean() - 1.5 * errors["quantiles"] <= float(share)
        assert float(share) <= (held <= read(value)).mean() + 1.5 * errors["quantiles"]


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_load_that_was_killed_ends_with_the_profile_of_one_that_was_not(place, undisturbed, workers):
    path = place.write(content())
    # In blocks so small that it is not done before it is killed.
    options = ("--report", place.folder / "r.html", "--chunk-size", "250", "--workers", workers)
    process = place.start(path, *options)
    while blocks(place) < 8 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    ended(process)
    done = blocks(place)
    assert 8 <= done < ROWS / 250
    fine(ended(place.start(path, *options)))
    assert "goes on behind block" in place.log.read_text()
    times = [point["seconds"] for point in profile_of(place)["speed"]]
    assert times == sorted(times)
    assert profile_of(place)["speed"][-1]["rows"] == ROWS
    same_but_sketches(profile_of(place), json.loads(undisturbed))


def blocks(place):
    return place.query("SELECT count(*) FROM etl_blocks")[0][0] if "etl_blocks" in place.tables() else 0


@pytest.mark.slow
def test_any_number_of_workers_finds_the_same(place, undisturbed):
    path = place.write(content())
    fine(ended(place.start(path, "--report", place.folder / "r.html", "--chunk-size", "1000", "--workers", "3")))
    same_but_sketches(profile_of(place), json.loads(undisturbed))


def test_a_load_that_was_begun_without_a_report_begins_anew_with_one(place):
    path = place.write(content(12_000))
    process = place.start(path, "--chunk-size", "100", "--workers", "1")
    while blocks(place) < 3 and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    ended(process)
    fine(place.load(path, "--chunk-size", "100", "--report", place.folder / "r.html"))
    assert profile_of(place)["rows"] == 12_000 - 1
    assert "begun without --report" in place.log.read_text()


def test_postgresql_keeps_the_profile_too(tmp_path, postgresql_url):
    place = Place(tmp_path, postgresql_url)
    answer = place.load("a,b\n1,x\n2,y\n2,3,\x00y\n", "--report", tmp_path / "r.html")
    fine(answer)
    profile = profile_of(place)
    assert [column["name"] for column in profile["columns"]] == ["a", "b"]
    assert profile["columns"][0]["mean"] == 1.5
    assert (
        profile["rejects"][0]["examples"]
        == [{"line": 4, "raw": place.rejects()[0][-1]}]
        == [
            {"line": 4, "raw": r"2,3,\x00y"}  # the server keeps no NUL
        ]
    )


def test_without_the_option_there_is_no_profile_and_nothing_is_imported(place):
    path = place.write("a\n1\n")
    script = (
        "import sys; from etl.process_csv import main; main(sys.argv[1:]);"
        "assert not {'datasketches', 'pygal', 'jinja2', 'etl.measure'} & set(sys.modules)"
    )
    arguments = [str(option) for option in (path, *place.options())]
    subprocess.run([sys.executable, "-c", script, *arguments], cwd=ROOT, check=True, capture_output=True)
    assert place.last("profile") is None
    assert place.query("SELECT count(*) FROM etl_loads WHERE profile IS NULL") == [(1,)]


def test_the_page_needs_nothing_but_itself_and_says_what_its_charts_show(place):
    report = place.folder / "r.html"
    fine(place.load(content(3000), "--report", report, "--max-rejects", "9"))
    page = Page(report)
    assert "http" not in page.source.lower()
    assert "url(" not in page.source and "@import" not in page.source
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in page.elements}
    assert not [name for _, found in page.elements for name in found if name.startswith("on") or name == "src"]
    assert all(found["href"].startswith("#") for found in page.all("a"))
    charts = [found for found in page.all("svg") if found.get("role") == "img"]
    assert len(charts) == 4  # speed, id, amount, day
    assert all(found["aria-label"] for found in charts)
    assert "Histogram of id: 2,999 values" in page.source


def test_the_page_has_landmarks_headings_and_captions(place):
    report = place.folder / "r.html"
    fine(place.load(content(3000), "--report", report))
    page = Page(report)
    assert page.all("html")[0]["lang"] == "en"
    assert [len(page.all(tag)) for tag in ("header", "nav", "main", "h1")] == [1, 1, 1, 1]
    assert len(page.all("table")) == len(page.all("caption")) > 8
    assert all("scope" in found for found in page.all("th"))
    ids = [found["id"] for _, found in page.elements if "id" in found]
    assert len(ids) == len(set(ids))
    pointed = {found["href"][1:] for found in page.all("a")} | {
        found["aria-labelledby"] for _, found in page.elements if "aria-labelledby" in found
    }
    assert pointed <= set(ids)
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert "prefers-color-scheme: dark" in page.source and "@media print" in page.source


def test_rejects_stand_in_the_page_by_reason_with_examples_and_lines(place):
    report = place.folder / "r.html"
    fine(place.load("a,b\n1,2\n1,2,3\n3,4\n5,unclear\n7,8\n9,9\n9,9\n", "--report", report, "--type", "b=integer"))
    rejects = {(entry["column"], entry["reason"]): entry for entry in profile_of(place)["rejects"]}
    assert rejects[None, "fields"]["examples"] == [{"line": 3, "raw": "1,2,3"}]
    assert rejects["b", "no integer"]["count"] == 1
    text = " ".join(Page(report).text.split())
    assert "line 3: 1,2,3" in text and "line 5: unclear" in text


def test_hostile_text_is_shown_as_text(place):
    report = place.folder / "r.html"
    long = "y" * 10_000
    fine(place.load(
        f'id,"{HOSTILE.replace(chr(34), chr(34) * 2)}",c\n1,"<img src=x onerror=a()>",\u202eabc\n'
        f"2,&amp;,{long}\n3,</svg></style>,\x07=1+1\n4,too,many,{HOSTILE}\n",
        "--report", report,
    ))  # fmt: skip
    page = Page(report)
    assert not {"script", "img"} & {tag for tag, _ in page.elements}
    for shown in ("<img src=x onerror=a()>", "&amp;", "</svg></style>", "\u202eabc", HOSTILE):
        assert shown in page.text
    assert "\x07" not in page.source and "\u2407" in page.source
    assert long not in page.source and "y" * 100 in page.source
    assert max(map(len, page.texts)) < 8_000


def test_the_most_frequent_values_have_bars_as_long_as_they_are_frequent(place):
    report = place.folder / "r.html"
    fine(place.load("a\n" + "".join(f"{'xxxxyyz'[n % 7]}\n" for n in range(70)), "--report", report))
    page = Page(report)
    bars = [(found["viewbox"], found["aria-hidden"]) for found in page.all("svg") if "aria-hidden" in found]
    assert bars == [("0 0 100 10", "true")] * 3
    assert [found["width"] for found in page.all("rect") if found.get("height") == "10"] == ["100.0", "50.0", "25.0"]


def test_a_refused_load_has_a_report_that_says_so(place):
    report = place.folder / "r.html"
    answer = place.load("a,b\n1,2\n1,2,3\n", "--report", report, "--strict")
    assert answer.code == 3
    assert "Nothing was published" in Page(report).text
    assert profile_of(place)["rows"] == 1


def test_a_file_without_rows_has_a_report(place):
    report = place.folder / "r.html"
    fine(place.load("a,b\n", "--report", report))
    assert "None: every row was loaded as it is." in Page(report).text


@pytest.mark.parametrize("where", ["nowhere/r.html", ".", "t.csv/r.html"])
def test_a_report_that_cannot_be_written_is_refused_before_the_load(place, where):
    answer = place.load("a\n1\n", "--report", place.folder / where)
    assert answer.code == 2
    assert "--report" in answer.err and "can't be written" in answer.err
    assert place.tables() == set()


def test_a_report_takes_one_source(place):
    one, other = place.write("a\n1\n", "x.csv"), place.write("a\n1\n", "y.csv")
    answer = run(one, other, *place.options(), "--report", place.folder / "r.html")
    assert answer.code == 2 and "one SOURCE" in answer.err


def test_a_new_report_takes_the_place_of_an_old_one_and_leaves_nothing_else(place):
    report = place.folder / "r.html"
    report.write_text("old")
    fine(place.load("a\n1\n", "--report", report))
    fine(place.load("a\n2\n", "--report", report))
    Page(report)
    assert not list(place.folder.glob(".*"))
