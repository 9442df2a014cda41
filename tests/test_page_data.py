"""The page for people, in a real browser: loaded tables, their rows, how they came to be, and what was rejected."""

import re

import pandas as pd
import pytest
from browsing import HeldUp, assert_axe_finds_nothing, assert_nothing_is_wider_than_the_screen
from loading import Place, ended
from playwright.sync_api import expect
from test_flights import file_of, read_independently

pytestmark = pytest.mark.slow

AWKWARD = """id,<script>document.title='owned'</script>,"=1+1",\u0646\u0635,weight
1,<img src=x onerror="document.title='owned'">,"=HYPERLINK(""http://x"")",\u0634\u0631\u0627\u0621,1.5
2,"a, b
c",+1,\u202eright to left,
3,{long},,,9007199254740993
4,too,many,fields,3,<b>here</b>
5,e,f,g,4
""".format(long="x" * 10_000)


@pytest.fixture(scope="module")
def tables(page_server, tmp_path_factory):
    """The tables that are there: flights and awkward, measured, and plain for everybody, secret for admins."""
    place = Place(tmp_path_factory.mktemp("tables"), page_server.database_url)
    loads = [
        (file_of("flights"), "--share", "--index", "carrier", "--report", place.folder / "flights.html"),
        (place.write(AWKWARD, "awkward.csv"), "--share", "--report", place.folder / "awkward.html"),
        (place.write("a\n1\n", "plain.csv"), "--share"),
        (place.write("a\n1\n", "secret.csv"),),
    ]
    for path, *options in loads:
        answer = ended(place.start(path, *options))
        assert answer.code == 0, answer.said


@pytest.fixture
def united():
    """The delays at departure of United's flights, the longest first."""
    header, rows = read_independently("flights")
    carrier, delay = header.index("carrier"), header.index("dep_delay")
    return sorted(
        (int(row[delay]) for row in rows if row[carrier] == "UA" and row[delay] not in ("", "NA")), reverse=True
    )


def sort_by_delay(tab, united):
    """Sort the flights of one carrier, latest first, and find there the delays that pandas found."""
    expect(tab.get_by_text("1–100 of 58,665 rows")).to_be_visible()
    for order in ("ascending", "descending"):
        tab.get_by_role("columnheader", name="dep_delay", exact=True).get_by_role("link").click()
        expect(tab.locator(f"th[aria-sort={order}]")).to_contain_text("dep_delay")
    expect(tab.locator(".sheet tbody tr").first).to_contain_text(str(united[0]))
    assert column_of(tab, "dep_delay") == [str(delay) for delay in united[:100]]


def column_of(tab, name):
    """The cells under a heading, once they are those that the address asks for."""
    expect(tab.locator(".sheet")).to_have_attribute("aria-busy", "false")
    names = tab.locator(".sheet thead th").all_inner_texts()
    place = [text.strip(" ▲▼\n") for text in names].index(name)
    return [text.strip() for text in tab.locator(f".sheet tbody td:nth-child({place + 1})").all_inner_texts()]


@pytest.mark.usefixtures("tables")
def test_flights_are_filtered_to_one_carrier_and_sorted_by_delay(visitor, united):
    tab = visitor().log_in()
    tab.get_by_role("link", name="Data").click()
    tab.get_by_role("link", name="flights", exact=True).click()
    expect(tab.get_by_text("336,776 rows, 20 columns")).to_be_visible()
    tab.get_by_label("Column").select_option("carrier")
    tab.get_by_label("Value").fill("UA")
    tab.get_by_role("button", name="Filter", exact=True).click()
    sort_by_delay(tab, united)
    assert set(column_of(tab, "carrier")) == {"UA"}
    expect(tab).to_have_url(re.compile(r"#/data/flights\?carrier\.eq=UA&sort=-dep_delay$"))

    tab.get_by_role("link", name="Next page").click()
    expect(tab.get_by_text("101–200 of 58,665 rows")).to_be_visible()
    assert column_of(tab, "dep_delay") == [str(delay) for delay in united[100:200]]
    tab.reload()
    expect(tab.get_by_text("101–200 of 58,665 rows")).to_be_visible()
    assert column_of(tab, "dep_delay") == [str(delay) for delay in united[100:200]]
    tab.go_back()
    expect(tab.get_by_text("1–100 of 58,665 rows")).to_be_visible()
    tab.get_by_role("button", name="Remove the filter on carrier").click()
    expect(tab.get_by_text("1–100 of 336,776 rows")).to_be_visible()


@pytest.mark.usefixtures("tables")
def test_while_a_page_is_fetched_what_is_said_is_about_the_rows_that_are_shown(visitor, united):
    tab = visitor().log_in(path="/#/data/flights?carrier.eq=UA&sort=-dep_delay")
    expect(tab.get_by_text("1–100 of 58,665 rows")).to_be_visible()
    held = HeldUp(tab, "**/rows?*")
    tab.get_by_role("link", name="Next page").click()
    expect(tab.locator(".sheet")).to_have_attribute("aria-busy", "true")
    expect(tab.get_by_text("1–100 of 58,665 rows")).to_be_visible()
    expect(tab.get_by_text("page 1 of 587")).to_be_visible()
    tab.get_by_role("link", name="Next page").click()  # a second time, before anything came
    tab.wait_for_url(re.compile("page=3"))
    tab.get_by_role("columnheader", name="dep_delay", exact=True).get_by_role("link").click()
    tab.wait_for_url(lambda url: "sort" not in url)
    expect(tab.locator("th[aria-sort=descending]")).to_contain_text("dep_delay")
    held.expect(3)
    tab.unroute("**/rows?*")
    tab.go_back()
    expect(tab.get_by_text("201–300 of 58,665 rows")).to_be_visible()
    assert column_of(tab, "dep_delay") == [str(delay) for delay in united[200:300]]


def downloaded(tab):
    """The file that the button saves, as a frame of texts, and its name."""
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download CSV").click()
    file = download.value
    expect(tab.get_by_text(f"Downloaded {file.suggested_filename}.")).to_be_visible()
    return pd.read_csv(file.path(), dtype=str, keep_default_na=False), file.suggested_filename


@pytest.mark.usefixtures("tables")
def test_what_is_filtered_and_sorted_is_downloaded_whole(visitor, united):
    tab = visitor().log_in(path="/#/data/flights?carrier.eq=UA&sort=-dep_delay&page=3")
    expect(tab.get_by_text("201–300 of 58,665 rows")).to_be_visible()
    frame, name = downloaded(tab)
    assert (name, set(frame["carrier"]), len(frame)) == ("flights.csv", {"UA"}, 58_665)
    delays = [int(delay) for delay in frame["dep_delay"] if delay]
    assert delays == united
    tab.goto("/#/data/awkward/rejects")
    frame, name = downloaded(tab)
    assert re.fullmatch(r"rejects_of_load_\d+\.csv", name)
    assert frame["raw"].tolist() == ["4,too,many,fields,3,<b>here</b>"]


@pytest.mark.usefixtures("tables")
def test_a_download_that_fails_is_told_and_can_be_tried_again(visitor):
    tab = visitor().log_in(path="/#/data/awkward")
    expect(tab.get_by_text("4 rows", exact=True)).to_be_visible()
    tab.route("**/rows*", lambda route: route.abort())
    tab.get_by_role("button", name="Download CSV").click()
    expect(tab.get_by_role("alert")).to_contain_text("The server can't be reached.")
    tab.unroute("**/rows*")
    frame, name = downloaded(tab)
    assert (name, frame["id"].tolist()) == ("awkward.csv", ["1", "2", "3", "5"])


@pytest.mark.usefixtures("tables")
def test_rows_without_a_value_can_be_asked_for_and_what_makes_no_sense_is_refused_in_words(visitor):
    tab = visitor().log_in(path="/#/data/flights")
    tab.get_by_label("Column").select_option("dep_time")
    tab.get_by_label("Comparison").select_option("is empty")
    expect(tab.get_by_label("Value")).to_be_disabled()
    tab.get_by_role("button", name="Filter", exact=True).click()
    expect(tab.get_by_text("of 8,255 rows")).to_be_visible()
    assert set(column_of(tab, "dep_time")) == {"null"}
    tab.get_by_label("Column").select_option("month")
    tab.get_by_label("Comparison").select_option("≥")
    tab.get_by_label("Value").fill("May")
    tab.get_by_role("button", name="Filter", exact=True).click()
    expect(tab.locator(".failure")).to_contain_text("This must be a whole number.")
    tab.get_by_role("button", name="Remove the filter on month").click()
    expect(tab.get_by_text("of 8,255 rows")).to_be_visible()


@pytest.mark.usefixtures("tables")
def test_rejects_are_shown_with_their_line_reason_and_text(visitor):
    tab = visitor().log_in(path="/#/data")
    row = tab.get_by_role("row", name="awkward")
    expect(row).to_contain_text("awkward.csv")
    row.get_by_role("link", name="1", exact=True).click()
    expect(tab.get_by_role("region", name="Rejects").get_by_role("row").last).to_have_text(
        re.compile(r"\s*6\s*whole row\s*6 fields where 5 are expected\s*4,too,many,fields,3,<b>here</b>\s*")
    )
    tab.goto("/#/data/flights/rejects")
    expect(tab.get_by_text("Nothing was rejected")).to_be_visible()


@pytest.mark.usefixtures("tables")
def test_loads_are_listed_and_lead_to_what_each_refused(visitor):
    tab = visitor().log_in(path="/#/data")
    tab.get_by_role("link", name="Loads").click()
    rows = tab.get_by_role("region", name="Loads").get_by_role("row")
    expect(rows).to_have_count(4)  # with the headings; a load that is not shared is not told of
    expect(rows.nth(1)).to_contain_text("plain.csv")
    expect(rows.filter(has_text="awkward.csv")).to_contain_text("published")
    expect(rows.filter(has_text="flights.csv.zip")).to_contain_text("336,776")
    rows.filter(has_text="awkward.csv").get_by_role("link", name="1", exact=True).last.click()
    expect(tab.get_by_role("heading", name=re.compile(r"^Load \d+$"))).to_be_focused()
    expect(tab.get_by_text("5 rows read, 4 loaded, 1 rejected, 0 cells blanked.")).to_be_visible()
    expect(tab.get_by_role("region", name="Rejects").get_by_role("row").last).to_contain_text("6 fields where 5 are")
    tab.goto("/#/loads/999")
    expect(tab.locator(".failure")).to_contain_text("There is no load 999.")


@pytest.mark.usefixtures("tables")
def test_how_a_table_came_to_be_is_told(visitor):
    tab = visitor().log_in(path="/#/data/awkward/about")
    expect(tab.get_by_role("row", name="weight")).to_contain_text("more exact than a double")
    expect(tab.get_by_role("row", name="script_document_title")).to_contain_text(
        "<script>document.title='owned'</script>"
    )
    expect(tab.locator(".facts").first).to_contain_text("Rows read5")
    tab.goto("/#/data/plain/about")
    tab.get_by_role("link", name="Profile").click()
    expect(tab.get_by_text("This table was not measured.")).to_be_visible()


def card(tab, name):
    """What the profile shows of a column."""
    return tab.get_by_role("article").filter(has=tab.get_by_role("heading", name=re.compile(rf"^{name} ")))


@pytest.mark.usefixtures("tables")
def test_the_profile_of_flights_has_the_figures_that_pandas_finds(visitor, united):
    frame = pd.read_csv(file_of("flights"), usecols=["dep_delay", "carrier"])
    delay, carriers = frame["dep_delay"].dropna(), frame["carrier"].value_counts().head(8)
    tab = visitor().log_in(path="/#/data/flights/profile")
    expect(card(tab, "carrier")).to_be_visible()
    told = card(tab, "dep_delay").locator(".facts div").all_inner_texts()
    facts = dict(re.split(r"\s*\n\s*", fact.strip()) for fact in told)
    assert facts["Missing"] == "8,255 (2.5%)"
    assert facts["Distinct"] == str(delay.nunique())
    assert (float(facts["Least"]), float(facts["Greatest"].replace(",", ""))) == (delay.min(), delay.max())
    assert float(facts["Mean"]) == pytest.approx(delay.mean(), rel=1e-5)
    assert abs((delay <= float(facts["Median"])).mean() - 0.5) < 0.1  # as many are alike
    bars = card(tab, "dep_delay").locator("figure rect title").all_text_contents()
    assert len(bars) > 10
    for bar in bars:
        low, high, number = (float(text.replace(",", "")) for text in re.split(" to |: ", bar))
        assert ((delay >= low) & (delay < high)).sum() == number
    shown = [tuple(row.split()) for row in card(tab, "carrier").locator(".frequencies tr").all_inner_texts()]
    assert shown == [(name, f"{number:,}") for name, number in carriers.items()]

    card(tab, "carrier").get_by_role("link", name="UA", exact=True).click()
    sort_by_delay(tab, united)


@pytest.mark.usefixtures("tables")
def test_a_row_can_be_seen_whole_by_keyboard(visitor):
    tab = visitor().log_in(path="/#/data/awkward")
    button = tab.get_by_role("button", name="Whole row 3", exact=True)
    button.focus()
    tab.keyboard.press("Enter")
    dialog = tab.get_by_role("dialog", name="The whole row")
    expect(dialog).to_contain_text("x" * 10_000)
    expect(dialog).to_contain_text("9007199254740993")
    tab.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()


@pytest.mark.usefixtures("tables")
def test_a_table_that_is_not_shared_is_not_there(visitor):
    tab = visitor().log_in(path="/#/data")
    expect(tab.get_by_role("row")).to_have_count(4)
    expect(tab.get_by_text("secret")).to_have_count(0)
    tab.goto("/#/data/secret")
    expect(tab.locator(".failure")).to_contain_text("The table could not be loaded.")


@pytest.mark.usefixtures("tables")
def test_hostile_names_and_cells_are_text_everywhere(visitor):
    tab = visitor(viewport={"width": 360, "height": 740}).log_in(path="/#/data/awkward")
    expect(tab.get_by_text("<img src=x onerror=\"document.title='owned'\">")).to_be_visible()
    expect(tab.get_by_text('=HYPERLINK("http://x")')).to_be_visible()
    assert column_of(tab, "1_1") == ['=HYPERLINK("http://x")', "+1", "null", "f"]
    for part, shown in (("rejects", "Rejects"), ("about", "Columns"), ("profile", None), ("", "Rows")):
        tab.goto(f"/#/data/awkward/{part}")
        expect(tab.get_by_role("region", name=shown) if shown else tab.locator(".profile")).to_be_visible()
        assert_nothing_is_wider_than_the_screen(tab)
        assert tab.locator("main :is(script, img, b)").count() == 0
        assert tab.title() == "awkward · Taskmill"


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    "place",
    ["data", "data/flights?carrier.eq=UA&sort=-dep_delay", "data/flights/profile", "loads", "loads/2"]
    + [f"data/awkward/{part}" for part in ("about", "rejects", "profile")],
)
def test_nothing_about_tables_stands_in_anybodys_way(visitor, axe, place):
    tab = visitor(viewport={"width": 360, "height": 740}).log_in(path=f"/#/{place}")
    expect(tab.locator(".sheet, .profile").first).to_be_visible()
    assert_nothing_is_wider_than_the_screen(tab)
    assert_axe_finds_nothing(tab, axe)
