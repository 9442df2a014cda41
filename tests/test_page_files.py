"""The page for people: what is served of it, and what keeps browsers from harm. What it does, test_page_*.py try."""

import re

import pytest

from web import pages

VENDORED = {"pico": "MIT", "lit-html": "BSD-3-Clause"}


@pytest.fixture
def page(client):
    with client.get("/") as answer:
        assert (answer.status_code, answer.mimetype) == (200, "text/html")
        return answer


def files_of(page):
    return re.findall(r'(?:src|href)="(static/[^"]+)"', page.text)


def test_the_page_lets_nothing_in_from_elsewhere_no_inline_script_and_no_text_as_markup(page):
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert not re.search(r"unsafe|\*|https?:", policy)
    assert "://" not in page.text
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", page.text)


def test_every_file_that_the_page_names_is_there_to_be_kept_for_ever(client, page):
    files = files_of(page)
    assert {"app.js", "page.css", "lit-html.js"} <= {name.rpartition("/")[2] for name in files}
    for name in files:
        with client.get(f"/{name}") as answer:
            assert answer.status_code == 200, name
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_every_script_that_is_imported_is_there_and_asked_for_at_once(page):
    asked = {name.split("/", 2)[2] for name in files_of(page) if name.endswith(".js")}
    for path in (pages.STATIC / name for name in asked):
        for imported in re.findall(r'from ?"([^"]+)"', path.read_text(encoding="utf-8")):
            assert str((path.parent / imported).resolve().relative_to(pages.STATIC)) in asked, path


def test_a_page_of_another_version_gets_todays_files_and_keeps_none(client):
    with client.get("/static/0123/page/app.js") as answer:
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize(
    "name", ["nothing", "..%2Fpages.py", "%2e%2e/%2e%2e/pages.py", "page", "page/../../pages.py", "a%00b"]
)
def test_no_other_file_is_served(client, name):
    answer = client.get(f"/static/0123/{name}")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_no_script_of_the_page_makes_markup_of_text():
    scripts = list((pages.STATIC / "page").glob("*.js"))
    assert len(scripts) > 20
    for path in scripts:
        script = path.read_text(encoding="utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|unsafeHTML|\beval\(|new Function", script
        )


@pytest.mark.parametrize(("folder", "licence"), VENDORED.items())
def test_what_was_taken_over_says_where_it_is_from_and_under_which_licence(folder, licence):
    version = (pages.STATIC / folder / "VERSION").read_text(encoding="utf-8")
    assert re.match(rf"\S+ \d+\.\d+\.\d+, from npm .*{licence}: see LICENSE", version)
    named = set(re.findall(r"[\w/.-]+\.(?:js|css)(?=[,.\s])", version.split(":")[-1]))
    found = {str(path.relative_to(pages.STATIC / folder)) for path in (pages.STATIC / folder).rglob("*.*s")}
    assert named == found
    assert (
        "Permission is hereby granted" in (text := (pages.STATIC / folder / "LICENSE").read_text())
        or "Redistribution" in text
    )
