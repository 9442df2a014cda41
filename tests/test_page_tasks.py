"""The page for people, in a real browser: what somebody does with their tasks."""

import csv
import datetime as dt
import re

import pytest
from browsing import PASSWORD, HeldUp, said, tab_to, titles
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

SEVEN = [
    {"title": "Buy milk", "labels": ["home"], "priority": "high"},
    {"title": "Buy bread", "labels": ["home", "shop"], "due_at": "2020-01-01T10:00:00Z"},
    {"title": "Call Ann", "status": "in_progress"},
    {"title": "Pay rent", "status": "completed", "due_at": "2020-01-01T10:00:00Z"},
    {"title": "Plan a journey", "description": "by train, to the milky sea", "priority": "urgent"},
    {"title": "Water the plants", "due_at": "2099-01-01T10:00:00Z"},
    {"title": "Zip the archive", "priority": "low"},
]


def test_somebody_registers_and_keeps_tasks_by_keyboard_alone(visitor):
    someone = visitor()
    tab = someone.open()
    expect(tab.get_by_role("heading", name="Log in")).to_be_visible()
    tab_to(tab, "Register")
    tab.keyboard.press("Enter")
    tab.keyboard.type(someone.called("ann"))
    tab.keyboard.press("Tab")
    tab.keyboard.type(PASSWORD)
    tab.keyboard.press("Enter")
    expect(tab.get_by_text("Nothing to do yet.")).to_be_visible()

    tab_to(tab, "Title of the new task")
    for title in ("Buy milk", "Buy bread"):
        tab.keyboard.type(title)
        tab.keyboard.press("Enter")
        expect(said(tab)).to_contain_text(f"Added “{title}”.")
    expect(titles(tab)).to_have_text(["Buy bread", "Buy milk"])

    tab_to(tab, "Edit: Buy milk")
    tab.keyboard.press("Enter")
    expect(tab.get_by_label("Title", exact=True)).to_be_focused()
    tab.keyboard.press("End")
    tab.keyboard.type(", two bottles")
    tab.keyboard.press("Control+Enter")
    expect(titles(tab)).to_have_text(["Buy bread", "Buy milk, two bottles"])
    expect(tab.get_by_label("Edit: Buy milk, two bottles")).to_be_focused()

    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Space")
    expect(said(tab)).to_contain_text("Completed “Buy milk, two bottles”.")
    expect(tab.get_by_label("Completed: Buy milk, two bottles")).to_be_checked()
    expect(tab.get_by_label("Completed: Buy milk, two bottles")).to_be_focused()

    tab_to(tab, "Delete: Buy milk, two bottles")
    tab.keyboard.press("Enter")
    expect(said(tab)).to_contain_text("Deleted “Buy milk, two bottles”.")
    expect(titles(tab)).to_have_text(["Buy bread"])
    expect(tab.get_by_role("button", name="Undo")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(titles(tab)).to_have_text(["Buy bread", "Buy milk, two bottles"])
    expect(tab.get_by_label("Completed: Buy milk, two bottles")).to_be_checked()

    tab_to(tab, "Log out")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name="Log in")).to_be_visible()
    expect(tab.get_by_label("Username")).to_be_focused()


def test_whoever_writes_before_the_list_has_come_is_not_called_back_to_the_heading(visitor):
    someone = visitor()
    someone.make({"title": "Buy milk"})
    tab = someone.open()
    held = HeldUp(tab, "**/tasks?*")
    someone.enter(tab)
    expect(tab.get_by_role("heading", name="Tasks")).to_be_focused()
    tab_to(tab, "Title of the new task")
    tab.keyboard.type("Buy ")
    held.send()
    expect(titles(tab)).to_have_text(["Buy milk"])
    tab.keyboard.type("bread")
    expect(tab.get_by_label("Title of the new task")).to_have_value("Buy bread")


def test_whoever_goes_on_while_a_task_is_being_saved_is_not_fetched_back(visitor):
    someone = visitor()
    someone.make({"title": "Buy milk"})
    tab = someone.log_in()
    held = HeldUp(tab, re.compile(r"/tasks/\d+$"))
    tab.get_by_label("Completed: Buy milk").check()
    tab.get_by_label("Search in title").focus()
    held.send()
    expect(said(tab)).to_contain_text("Completed “Buy milk”.")
    tab.keyboard.type("milk")
    expect(tab.get_by_label("Search in title")).to_have_value("milk")


def test_whoever_types_a_filter_while_the_list_is_fetched_loses_nothing(visitor):
    someone = visitor()
    someone.make({"title": "Buy milk", "labels": ["home"]}, {"title": "Buy bread"})
    tab = someone.log_in()
    expect(titles(tab)).to_have_count(2)
    held = HeldUp(tab, "**/tasks?*")
    tab.clock.install()
    tab.clock.pause_at(dt.datetime.now() + dt.timedelta(hours=1))
    search, label = tab.get_by_label("Search in title"), tab.get_by_label("Label", exact=True).last
    search.press_sequentially("mi")
    tab.clock.run_for(1000)
    held.expect(1)
    search.press_sequentially("l")
    held.send()
    expect(titles(tab)).to_have_text(["Buy milk"])
    expect(search).to_have_value("mil")
    search.press_sequentially("k")
    tab.clock.run_for(1000)
    held.expect(1)
    label.press_sequentially("ho")
    held.send()
    expect(tab.locator(".list")).to_have_attribute("aria-busy", "false")
    expect(label).to_have_value("ho")
    expect(tab).to_have_url(re.compile(r"#/tasks\?q=milk$"))


def test_filters_that_are_cleared_stay_so_though_one_was_just_typed(visitor):
    someone = visitor()
    someone.make({"title": "Buy milk"}, {"title": "Buy bread"})
    tab = someone.log_in(path="/#/tasks?status=pending")
    expect(titles(tab)).to_have_count(2)
    tab.clock.install()
    tab.clock.pause_at(dt.datetime.now() + dt.timedelta(hours=1))
    search = tab.get_by_label("Search in title")
    search.press_sequentially("mi")
    tab.get_by_role("link", name="Clear filters").click()
    expect(search).to_have_value("")
    tab.clock.run_for(1000)
    expect(titles(tab)).to_have_count(2)
    expect(tab).to_have_url(re.compile("#/tasks$"))


def test_every_field_of_a_task_can_be_given_and_changed_in_its_place(visitor):
    someone = visitor(timezone_id="Asia/Kolkata")
    tab = someone.log_in()
    form = tab.get_by_role("form", name="Add a task")
    form.get_by_text("Details").click()
    form.get_by_label("Title of the new task").fill("  Book a room ")
    form.get_by_label("Description").fill("For twelve.\nWith a view.")
    form.get_by_label("Status").select_option("In progress")
    form.get_by_label("Priority").select_option("Urgent")
    form.get_by_label("Due").fill("2030-05-06T12:30")
    for label in ("work", "a, b"):
        form.get_by_label("Labels").fill(label)
        form.get_by_label("Labels").press("Enter")
    form.get_by_label("Labels").fill("not entered")
    form.get_by_role("button", name="Add").click()
    expect(said(tab)).to_contain_text("Added “Book a room”.")
    expect(tab.locator(".task .label")).to_have_text(["work", "a, b", "not entered"])
    expect(form.get_by_label("Description")).to_have_value("")
    task = first_task(someone)
    assert task["description"].splitlines() == ["For twelve.", "With a view."]
    assert (task["status"], task["priority"], task["due_at"]) == ("in_progress", "urgent", "2030-05-06T07:00:00.000Z")
    assert task["labels"] == ["work", "a, b", "not entered"]

    tab.get_by_role("button", name="Edit: Book a room").click()
    row = tab.locator(".edited")
    row.get_by_label("Due").fill("")
    row.get_by_role("button", name="Remove label a, b").click()
    row.get_by_label("Priority").select_option("Low")
    row.get_by_role("button", name="Save").click()
    expect(said(tab)).to_contain_text("Saved “Book a room”.")
    changed = first_task(someone)
    assert (changed["due_at"], changed["labels"], changed["priority"]) == (None, ["work", "not entered"], "low")
    assert changed["description"] == task["description"]


def first_task(someone):
    return someone.ask("GET", "/tasks?per_page=1")[0]


def test_filters_search_and_order_stand_in_the_address(visitor):
    someone = visitor()
    someone.make(*SEVEN)
    tab = someone.log_in()
    search = tab.get_by_label("Search in title and description")
    search.fill("milk")
    expect(titles(tab)).to_have_text(["Plan a journey", "Buy milk"])
    expect(tab).to_have_url(re.compile(r"#/tasks\?q=milk$"))
    tab.get_by_label("Priority").last.select_option("High")
    expect(titles(tab)).to_have_text(["Buy milk"])
    tab.reload()
    expect(titles(tab)).to_have_text(["Buy milk"])
    expect(search).to_have_value("milk")
    tab.go_back()
    expect(titles(tab)).to_have_text(["Plan a journey", "Buy milk"])
    tab.get_by_role("link", name="Clear filters").click()
    expect(titles(tab)).to_have_count(7)
    tab.get_by_label("Order").select_option("By title")
    expect(titles(tab).first).to_have_text("Buy bread")
    tab.get_by_role("link", name="shop").click()
    expect(titles(tab)).to_have_text(["Buy bread"])
    tab.goto("/#/tasks?due=overdue&status=completed")
    expect(titles(tab)).to_have_text(["Pay rent"])
    search.fill("nothing like it")
    expect(tab.get_by_text("No task fits.")).to_be_visible()


def test_what_is_late_and_not_done_is_marked_in_words(visitor):
    someone = visitor()
    someone.make(*SEVEN)
    tab = someone.log_in()
    expect(tab.locator(".task", has_text="Overdue").locator(".title")).to_have_text(["Buy bread"])


def test_a_long_list_goes_page_by_page(visitor):
    someone = visitor()
    someone.make(*({"title": f"Task {number}"} for number in range(1, 121)))
    tab = someone.log_in()
    expect(titles(tab)).to_have_count(50)
    expect(tab.get_by_text("1–50 of 120 tasks")).to_be_visible()
    tab.get_by_role("link", name="Next page").click()
    expect(titles(tab).first).to_have_text("Task 70")
    tab.get_by_role("link", name="Next page").click()
    expect(titles(tab).last).to_have_text("Task 1")
    expect(tab.get_by_role("link", name="Next page")).to_have_count(0)
    tab.go_back()
    expect(titles(tab).first).to_have_text("Task 70")
    tab.goto("/#/tasks?page=9")
    tab.get_by_role("link", name="To its beginning").click()
    expect(titles(tab).first).to_have_text("Task 120")


def test_deleted_tasks_can_be_looked_through_and_restored(visitor):
    someone = visitor()
    someone.make(*SEVEN)
    tab = someone.log_in()
    tab.get_by_role("button", name="Delete: Call Ann").click()
    expect(titles(tab)).to_have_count(6)
    tab.get_by_role("link", name="Deleted tasks").click()
    expect(titles(tab)).to_have_text(["Call Ann"])
    tab.get_by_role("button", name="Restore: Call Ann").click()
    expect(tab.get_by_text("Nothing was deleted in the last 30 days.")).to_be_visible()
    tab.get_by_role("link", name="Back to the tasks").click()
    expect(titles(tab)).to_have_count(7)


def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(visitor):
    tab = visitor().log_in()
    title = tab.get_by_label("Title of the new task")
    title.fill("x" * 201)
    title.press("Enter")
    expect(tab.get_by_text("This can have at most 200 characters.")).to_be_visible()
    expect(title).to_be_focused()
    expect(title).to_have_attribute("aria-invalid", "true")
    title.fill("x")
    title.press("Enter")
    expect(titles(tab)).to_have_text(["x"])
    expect(tab.locator(".fault")).to_have_count(0)
    tab.get_by_role("button", name="Edit: x").click()
    edited = tab.get_by_label("Title", exact=True)
    edited.fill("  ")
    edited.press("Enter")
    expect(tab.get_by_text("This must have 1 or more characters.")).to_be_visible()
    edited.press("Escape")
    expect(titles(tab)).to_have_text(["x"])


def test_a_change_made_elsewhere_meanwhile_is_not_overwritten_unawares(visitor):
    someone = visitor()
    someone.make({"title": "Ours"})
    tab = someone.log_in()
    tab.get_by_role("button", name="Edit: Ours").click()
    tab.get_by_label("Title", exact=True).fill("Mine")
    someone.ask("PATCH", f"/tasks/{first_task(someone)['id']}", {"title": "Theirs"})
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("The task was changed elsewhere meanwhile.")).to_be_visible()
    assert first_task(someone)["title"] == "Theirs"
    expect(tab.get_by_label("Title", exact=True)).to_have_value("Mine")
    tab.get_by_role("button", name="Save").click()
    expect(titles(tab)).to_have_text(["Mine"])


def test_without_a_network_the_page_says_so_and_makes_the_task_once(visitor):
    someone = visitor()
    tab = someone.log_in()
    title = tab.get_by_label("Title of the new task")
    # The task is made, but the answer never arrives.
    tab.route("**/tasks", lambda route: (route.fetch(), route.abort())[1], times=1)
    title.fill("Only once")
    title.press("Enter")
    expect(tab.get_by_text("The server can't be reached.")).to_be_visible()
    someone.context.set_offline(True)
    expect(tab.get_by_text("You are offline. What you see may be out of date.")).to_be_visible()
    someone.context.set_offline(False)
    expect(tab.get_by_text("You are offline.")).to_have_count(0)
    title.press("Enter")
    expect(said(tab)).to_contain_text("Added “Only once”.")
    expect(titles(tab)).to_have_text(["Only once"])


def test_a_list_that_could_not_be_loaded_can_be_asked_for_again(visitor):
    someone = visitor()
    someone.make({"title": "There it is"})
    tab = someone.log_in()
    expect(titles(tab)).to_have_text(["There it is"])
    tab.route("**/tasks?*", lambda route: route.abort(), times=1)
    tab.get_by_label("Order").select_option("By title")
    expect(tab.get_by_text("The tasks could not be loaded. The server can't be reached.")).to_be_visible()
    tab.get_by_role("button", name="Try again").click()
    expect(titles(tab)).to_have_text(["There it is"])


def test_days_near_today_are_named(visitor):
    someone = visitor(timezone_id="UTC")
    someone.context.clock.set_fixed_time(dt.datetime(2030, 5, 6, 23, 59, tzinfo=dt.UTC))
    someone.make({"title": "Soon", "due_at": "2030-05-07T12:00:00Z"})
    tab = someone.log_in()
    expect(tab.locator(".due")).to_have_text(re.compile("tomorrow 12:00"))


def test_the_tasks_that_fit_are_downloaded_with_all_their_pages(visitor):
    someone = visitor()
    someone.make(*({"title": f"=Task {number}", "labels": ["some"]} for number in range(60)), {"title": "Another"})
    tab = someone.log_in(path="/#/tasks?label=some")
    expect(tab.get_by_text("1–50 of 60 tasks")).to_be_visible()
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download CSV").click()
    expect(said(tab)).to_contain_text("Downloaded tasks.csv.")
    assert download.value.suggested_filename == "tasks.csv"
    rows = list(csv.DictReader(download.value.path().read_text(encoding="utf-8").splitlines()))
    assert [row["title"] for row in rows] == [f"'=Task {number}" for number in reversed(range(60))]
    expect(tab.get_by_role("button", name="Download CSV")).to_be_focused()
