"""Takes the pictures in this folder of the real app, with real flights loaded: python docs/make_screenshots.py

Needs what the tests need (requirements-dev.txt), and Chromium.
"""

from __future__ import annotations

import datetime as dt
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]

from browsing import Visitor  # noqa: E402
from conftest import serving  # noqa: E402
from loading import Place, ended  # noqa: E402
from playwright.sync_api import Browser, sync_playwright  # noqa: E402
from test_flights import file_of  # noqa: E402

LARGE, TALL, PHONE = {"width": 1100, "height": 640}, {"width": 1100, "height": 860}, {"width": 360, "height": 640}
TODAY = dt.datetime.now(dt.UTC).replace(hour=15, minute=0, second=0, microsecond=0)


def task(title: str, days: int | None = None, **more: object) -> dict[str, object]:
    """A task that is due in so many days."""
    due = {} if days is None else {"due_at": (TODAY + dt.timedelta(days=days)).isoformat()}
    return {"title": title, **due, **more}


TASKS = [
    task("Thank the volunteers", status="completed", labels=["people"]),
    task("Write the minutes of the meeting", -6, status="completed", labels=["office"]),
    task("Find a date for the next meeting", labels=["office", "people"], priority="low"),
    task("Renew the certificate of the web site", 21, labels=["servers"], priority="high"),
    task("Compare the delays of two airlines", 4, labels=["flights"], description="JFK alone, and only in summer."),
    task("Archive the letters of 2013", labels=["archive"], status="in_progress"),
    task("Order a new badge", 9, labels=["office"], priority="low"),
    task("Load the flights of 2013", 0, labels=["flights", "data"], status="completed"),
    task("Look through what was rejected", 1, labels=["flights", "data"], status="in_progress", priority="high"),
    task("Call the printer about the invoice", -3, labels=["office"], priority="urgent", description="Ask for Maria."),
    task("Book a room for the workshop", 2, labels=["people"]),
    task("Restore a back-up, to see that it can be done", 30, labels=["servers"], priority="normal"),
    task("Buy milk", labels=["home"]),
]
PICTURES = [
    # file, address, window, colours
    ("page-tasks", "/#/tasks", LARGE, "light"),
    ("page-dataset", "/#/data/flights?carrier.eq=UA&sort=-dep_delay", LARGE, "light"),
    ("page-profile", "/#/data/flights/profile", LARGE, "light"),
    ("report", "#column-6", TALL, "light"),
    ("page-dark", "/#/tasks", LARGE, "dark"),
    ("page-phone", "/#/tasks", PHONE, "light"),
]


def main() -> None:
    """Serve, load, log in, look."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        with serving(folder, f"sqlite:///{folder / 'taskmill.db'}") as serve:
            served = serve(WORKERS="1", LOG_LEVEL="warning")
            place = Place(folder, served.database_url)
            report = folder / "report.html"
            answer = ended(place.start(file_of("flights"), "--share", "--index", "carrier", "--report", report))
            assert answer.code == 0, answer.said
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
            take_pictures(browser, served, report)
            browser.close()


def take_pictures(browser: Browser, served: object, report: Path) -> None:
    """Every picture in a browser of its own, that knows nothing of the others."""
    address = f"http://127.0.0.1:{served.port}"  # type: ignore[attr-defined]
    for name, path, window, colours in PICTURES:
        context = browser.new_context(base_url=address, locale="en-GB", viewport=window, color_scheme=colours)
        someone = Visitor(served, context, "")
        if not someone.served.ask("POST", "/login", someone.account("ann"))[2].get("access_token"):
            someone.make(*TASKS)
        tab = someone.open(report.as_uri() + path) if name == "report" else someone.log_in(path=path)
        tab.wait_for_load_state("networkidle")
        tab.screenshot(path=HERE / f"{name}.png", animations="disabled")
        context.close()


if __name__ == "__main__":
    main()
