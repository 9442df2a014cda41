"""The page for people, in a real browser: how long somebody stays logged in, and where their token is."""

import sqlite3
import time
from contextlib import closing, contextmanager

import jwt as pyjwt
import pytest
from browsing import PASSWORD, said, titles
from conftest import KEY
from playwright.sync_api import expect

pytestmark = pytest.mark.slow

KEPT = """async () => [
  ...Object.entries(localStorage), ...Object.entries(sessionStorage), document.cookie,
  ...(await indexedDB.databases()), ...(await caches.keys()),
].flat().filter(Boolean)"""


def test_a_reload_keeps_the_session_and_no_script_can_find_a_token_afterwards(visitor):
    someone = visitor()
    someone.make({"title": "Still here"})
    tab = someone.log_in()
    assert tab.evaluate(KEPT) == []
    tab.reload()
    expect(titles(tab)).to_have_text(["Still here"])
    assert tab.evaluate(KEPT) == []


def expired(token):
    """The same token, had it run out a minute ago."""
    claims = pyjwt.decode(token, KEY, algorithms=["HS256"])
    past = time.time() - 3600
    return pyjwt.encode({**claims, "iat": past, "nbf": past, "exp": past + 3540}, KEY, algorithm="HS256")


def test_an_access_token_that_has_run_out_is_renewed_behind_the_scenes(visitor):
    someone = visitor()
    tab = someone.open()
    expect(tab.get_by_role("heading", name="Log in")).to_be_visible()
    refreshes = []
    tab.on("response", lambda answer: refreshes.append(answer.status) if "refresh" in answer.url else None)

    def log_in_long_ago(route):
        answer = route.fetch()
        route.fulfill(response=answer, json={"access_token": expired(answer.json()["access_token"])})

    tab.route("**/login", log_in_long_ago)
    someone.register()
    someone.enter(tab)
    tab.get_by_label("Title of the new task").fill("After an hour")
    tab.keyboard.press("Enter")
    expect(titles(tab)).to_have_text(["After an hour"])
    assert refreshes == [200]  # once for all requests


@contextmanager
def refreshes_held_up(someone):
    """Nobody can write meanwhile: requests to refresh arrive, and are not answered."""
    path = someone.served.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def reload_until_it_refreshes(tab):
    with tab.expect_request("**/token/refresh"):
        tab.evaluate("location.reload()")


def in_two_tabs(visitor):
    """Somebody who is logged in, and both tabs."""
    someone = visitor()
    first = someone.log_in()
    second = someone.open()
    expect(second.get_by_role("button", name="Log out")).to_be_visible()
    return someone, first, second


def test_two_tabs_that_refresh_at_the_same_moment_stay_logged_in(visitor):
    someone, first, second = in_two_tabs(visitor)
    with refreshes_held_up(someone):
        reload_until_it_refreshes(first)
        second.reload()
    for tab in (first, second):
        expect(tab.get_by_role("button", name="Log out")).to_be_visible()
        tab.reload()
        expect(tab.get_by_role("button", name="Log out")).to_be_visible()


def test_a_page_that_is_left_in_the_middle_of_a_refresh_does_not_end_the_session(visitor):
    someone = visitor()
    tab = someone.log_in()
    with refreshes_held_up(someone):
        reload_until_it_refreshes(tab)
        tab.reload()
        time.sleep(0.2)  # for a request that should have waited
    expect(tab.get_by_role("button", name="Log out")).to_be_visible()
    tab.reload()
    expect(tab.get_by_role("button", name="Log out")).to_be_visible()


def test_who_logs_out_in_one_tab_is_logged_out_in_all(visitor):
    _someone, first, second = in_two_tabs(visitor)
    first.get_by_role("button", name="Log out").click()
    for tab in (first, second):
        expect(tab.get_by_role("heading", name="Log in")).to_be_visible()
    second.reload()
    expect(second.get_by_role("heading", name="Log in")).to_be_visible()


def test_a_tab_of_somebody_else_shows_nothing_of_whoever_was_there_before(visitor):
    someone = visitor()
    someone.make({"title": "Bob's"}, name="bob")
    first = someone.log_in("ann")
    second = someone.open()
    second.get_by_role("button", name="Log out").click()
    someone.enter(second, "bob")
    for tab in (second, first):
        expect(titles(tab)).to_have_text(["Bob's"])
        expect(tab.locator(".who bdi")).to_have_text(someone.called("bob"))


def test_a_session_that_was_ended_elsewhere_leads_to_the_way_in(visitor):
    someone = visitor()
    tab = someone.log_in()
    new = {"current_password": PASSWORD, "new_password": "another password"}
    someone.ask("PUT", "/me/password", new)
    tab.get_by_label("Title of the new task").fill("Too late")
    tab.keyboard.press("Enter")
    expect(tab.get_by_text("Your session has ended. Log in again.")).to_be_visible()


@pytest.mark.parametrize("password", ["wrong password", ""])
def test_a_wrong_password_is_refused_in_words(visitor, password):
    someone = visitor()
    someone.register()
    tab = someone.open()
    someone.enter(tab, password=password)
    expect(tab.get_by_text("The username or the password is wrong.")).to_be_visible()


def test_a_taken_name_and_a_short_password_are_refused_beside_their_fields(visitor):
    someone = visitor()
    someone.register("ann")
    tab = someone.open()
    tab.get_by_role("button", name="Register").click()
    someone.enter(tab, "Ann", password="short")
    expect(tab.get_by_text("This must have 8 or more characters.")).to_be_visible()
    expect(tab.get_by_label("Password")).to_be_focused()
    tab.get_by_label("Password").fill(PASSWORD)
    tab.keyboard.press("Enter")
    expect(tab.get_by_text("This name is taken.")).to_be_visible()
    expect(tab.get_by_label("Username")).to_be_focused()


def test_a_server_that_is_away_at_the_start_is_said_and_tried_again(visitor):
    someone = visitor()
    tab = someone.log_in()
    tab.route("**/token/refresh", lambda route: route.abort(), times=1)
    tab.reload()
    expect(tab.get_by_text("The server can't be reached.")).to_be_visible()
    tab.get_by_role("button", name="Try again").click()
    expect(tab.get_by_text("Nothing to do yet.")).to_be_visible()
    expect(said(tab)).to_have_count(0)
