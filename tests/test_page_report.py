"""The loader's report, in a real browser: opened from the disk, for every eye, and with whatever stands in a file."""

import json
import re

import pandas as pd
import pytest
from browsing import assert_axe_finds_nothing, assert_nothing_is_wider_than_the_screen
from conftest import PATIENCE
from loading import Place, ended
from playwright.sync_api import expect
from test_flights import file_of
from test_page_data import AWKWARD
from test_report import profile_of

pytestmark = pytest.mark.slow

FLIGHTS = "flights"
HOSTILE = (
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "=1+1",
    '=HYPERLINK("http://x")',
    "\u202eright to left",
    "4,too,many,fields,3,<b>here</b>",
)


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Name -> the report of a load, and its profile."""
    place = Place(tmp_path_factory.mktemp("reports"))
    made = {}
    for name, path in ((FLIGHTS, file_of(FLIGHTS)), ("awkward", place.write(AWKWARD, "awkward.csv"))):
        report = place.folder / f"{name}.html"
        answer = ended(place.start(path, "--report", report))
        assert answer.code == 0, answer.said
        made[name] = report, profile_of(place)
    return made


@pytest.fixture
def opened(chromium, reports):
    """Opens a report in a browser that notes every request and every complaint."""
    contexts, requests, complaints = [], [], []

    def opened(name, **options):
        context = chromium.new_context(**options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        tab = context.new_page()
        tab.on("request", lambda request: requests.append(request.url))
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.goto(reports[name][0].as_uri())
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
    assert set(requests) <= {report.as_uri() for report, _profile in reports.values()}


def card(tab, name):
    return tab.get_by_role("article", name=re.compile(rf"^{re.escape(name)} \w+$"))


def test_a_report_asks_for_nothing_but_itself_and_needs_no_script(opened):
    tab = opened(FLIGHTS, offline=True, java_script_enabled=False)
    expect(tab.get_by_role("heading", name="Report: flights")).to_be_visible()
    expect(card(tab, "dep_delay").get_by_role("img")).to_be_visible()
    tab.get_by_role("link", name="dep_delay").click()
    expect(card(tab, "dep_delay")).to_be_in_viewport()


def test_the_figures_of_a_report_are_those_of_pandas(opened):
    tab = opened(FLIGHTS)
    frame = pd.read_csv(file_of(FLIGHTS))
    delay, carriers = frame["dep_delay"], frame["carrier"].value_counts().head(10)
    for told in ("Missing 8,255 (2.4512%)", f"Distinct {delay.nunique()}", f"Least {delay.min():.0f}",
                 f"Greatest {delay.max():.0f}", f"Mean {delay.mean():.4f}"):  # fmt: skip
        assert told in " ".join(card(tab, "dep_delay").locator("dl").inner_text().split())
    shown = card(tab, "carrier").get_by_role("table").locator("tbody tr").all_inner_texts()
    assert [tuple(text.split()) for text in shown] == [(name, f"{number:,}") for name, number in carriers.items()]
    widths = (
        card(tab, "carrier")
        .locator("td.bar rect")
        .evaluate_all("(all) => all.map((bar) => bar.getBoundingClientRect().width)")
    )
    assert [width / widths[0] for width in widths] == pytest.approx((carriers / carriers.iloc[0]).tolist(), abs=0.01)


def test_the_bars_of_a_histogram_are_as_high_as_the_file_has_it(opened):
    tab = opened(FLIGHTS)
    delay = pd.read_csv(file_of(FLIGHTS), usecols=["dep_delay"])["dep_delay"].dropna()
    card(tab, "dep_delay").get_by_text("in figures").click()
    rows = card(tab, "dep_delay").locator("details tbody tr").all_inner_texts()
    counted = [tuple(float(text.replace(",", "")) for text in row.split()) for row in rows]
    assert len(counted) > 10
    for low, high, number in counted:
        assert ((delay >= low) & (delay < high)).sum() == number
    heights = card(tab, "dep_delay").get_by_role("img").locator("rect.rect").evaluate_all(
        "(all) => all.map((bar) => bar.getBoundingClientRect().height)"
    )  # fmt: skip
    most = max(number for _low, _high, number in counted)
    drawn = [height / max(heights) for height in heights]
    assert drawn == pytest.approx([number / most for _low, _high, number in counted], abs=0.02)


@pytest.mark.parametrize("name", [FLIGHTS, "awkward"])
def test_nothing_in_a_report_stands_in_anybodys_way_in_light_and_dark(opened, axe, name):
    tab = opened(name, viewport={"width": 360, "height": 740})
    assert_nothing_is_wider_than_the_screen(tab)
    for details in tab.locator("summary").all():
        details.click()
    assert_nothing_is_wider_than_the_screen(tab)
    assert_axe_finds_nothing(tab, axe)


def test_hostile_names_and_cells_are_text_in_a_report(opened, reports):
    tab = opened("awkward")
    assert tab.title() == "Report: awkward"
    assert tab.locator(":is(script, img, b, iframe, object)").count() == 0
    for told in (*HOSTILE, "\u0634\u0631\u0627\u0621"):
        expect(tab.get_by_text(told, exact=True).first).to_be_visible()
    assert "x" * 10_000 not in json.dumps(reports["awkward"][1])
    assert tab.get_by_text("x" * 100).count() > 0
    # Text that runs the other way turns nothing around that follows it.
    assert tab.locator("bdi", has_text="\u202e").count() == tab.get_by_text("\u202e").count() > 0


def test_every_part_of_a_report_is_reached_by_keyboard(opened):
    tab = opened("awkward")
    tab.keyboard.press("Tab")
    assert tab.locator(":focus").inner_text() == "To the content"
    reached = set()
    for _ in range(40):
        tab.keyboard.press("Tab")
        reached.add(tab.locator(":focus").first.inner_text() if tab.locator(":focus").count() else "")
    assert {"Account", "Columns", "weight"} <= reached
