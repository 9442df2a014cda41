"""The page for people, in a real browser: for every eye, on every screen, and with whatever people write in it."""

import pytest
from browsing import assert_axe_finds_nothing, assert_nothing_is_wider_than_the_screen, said, titles
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

HOSTILE = [
    "<script>document.title = 'owned'</script>",
    "<img src=x onerror=\"document.title = 'owned'\">",
    "${alert(1)} {{7*7}} <!--",
    "=1+cmd|' /C calc'!A0",
    "\u202eright to left\u2066, and on",
    "\u0634\u0631\u0627\u0621 \u0627\u0644\u062d\u0644\u064a\u0628",
    "W" * 200,
]
WORDS = [
    {"title": "Ordinary", "labels": ["home", "work"], "priority": "urgent", "due_at": "2020-01-01T10:00:00Z"},
    {"title": "Begun", "status": "in_progress", "description": "Short."},
    {"title": "Done", "status": "completed", "description": "Long. " * 200},
]


def the_way_in(tab):
    tab.get_by_role("button", name="Log out").click()
    tab.get_by_role("button", name="Log in").click()
    expect(tab.locator(".fault").first).to_be_visible()


def the_tasks(tab):
    tab.get_by_text("Details").click()
    tab.get_by_role("button", name="Delete: Begun").click()
    expect(said(tab)).to_be_visible()


def a_task_that_is_edited(tab):
    tab.get_by_role("button", name="Edit: Ordinary").click()
    tab.get_by_label("Title", exact=True).fill("")
    tab.keyboard.press("Enter")
    expect(tab.locator(".fault").first).to_be_visible()


def an_empty_list(tab):
    tab.goto("/#/tasks?q=nothing")
    expect(tab.get_by_text("No task fits.")).to_be_visible()


def deleted_tasks(tab):
    tab.get_by_role("button", name="Delete: Done").click()
    tab.goto("/#/tasks?deleted=true")
    expect(tab.get_by_role("button", name="Restore: Done")).to_be_visible()


def a_failure(tab):
    tab.route("**/tasks?*", lambda route: route.abort())
    tab.goto("/#/tasks?sort=title")
    expect(tab.get_by_role("button", name="Try again")).to_be_visible()


VIEWS = [the_tasks, a_task_that_is_edited, an_empty_list, deleted_tasks, a_failure, the_way_in]


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_stands_in_anybodys_way_in_light_and_dark_and_nothing_is_wider_than_a_phone(visitor, axe, view):
    someone = visitor(viewport={"width": 360, "height": 740})
    someone.make(*WORDS)
    tab = someone.log_in()
    view(tab)
    assert_nothing_is_wider_than_the_screen(tab)
    assert_axe_finds_nothing(tab, axe)


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_is_written_in_a_task_is_shown_as_text(visitor, text):
    someone = visitor(viewport={"width": 360, "height": 740})
    someone.make({"title": text, "description": f"{text}\n{text * 10}"[:10_000], "labels": [text[:40]]})
    tab = someone.log_in()
    expect(titles(tab)).to_have_text([text])
    expect(tab.locator(".task .label")).to_have_text([text[:40]])
    tab.locator(".task details summary").click()
    assert tab.locator("main script, main img").count() == 0
    assert_nothing_is_wider_than_the_screen(tab)
    tab.locator(".edit").click()
    expect(tab.get_by_label("Title", exact=True)).to_have_value(text)
    expect(tab.locator(".edited")).to_have_attribute("id", tab.locator(".task").get_attribute("id"))
    tab.keyboard.press("Escape")
    tab.locator(".delete").click()
    expect(said(tab)).to_contain_text(f"Deleted “{text}”.")
    assert_nothing_is_wider_than_the_screen(tab)
    assert tab.title() == "Tasks · Taskmill"
    assert said(tab).locator("script, img").count() == 0


def test_a_description_of_ten_thousand_characters_can_be_read_and_is_not_in_the_way(visitor):
    someone = visitor(viewport={"width": 360, "height": 740})
    someone.make({"title": "Long", "description": "x" * 10_000}, {"title": "Next"})
    tab = someone.log_in()
    assert tab.locator(".task").last.bounding_box()["height"] < 250
    tab.locator("details.description summary").click()
    expect(tab.locator("details.description p")).to_have_text("x" * 10_000)
    assert_nothing_is_wider_than_the_screen(tab)


def test_where_the_keyboard_is_can_be_seen(visitor):
    someone = visitor()
    someone.make(*WORDS)
    tab = someone.log_in()
    expect(titles(tab)).to_have_count(len(WORDS))
    for _ in range(30):
        tab.keyboard.press("Tab")
        outline = tab.evaluate(
            "() => { const s = getComputedStyle(document.activeElement);"
            " return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2"
            " || document.activeElement === document.body }"
        )
        assert outline, tab.locator(":focus").evaluate("(element) => element.outerHTML")
