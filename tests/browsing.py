"""What the tests of the page share: somebody who visits it, and what they do there."""

import time
from dataclasses import dataclass, field

from conftest import PATIENCE
from playwright.sync_api import BrowserContext, Page, expect

EXPECTED = ("Failed to load resource",)  # Chromium's own word on any refusal
PASSWORD = "securepassword"


@dataclass
class Visitor:
    """Somebody with a browser of their own."""

    served: object
    context: BrowserContext
    test: str
    complaints: list[str] = field(default_factory=list)

    def called(self, name):
        """What `name` is called in this test."""
        return f"{name}-{self.test}" if self.test else name

    def open(self, path="/") -> Page:
        """A tab that shows the page. What the browser finds wrong with it is noted."""
        tab = self.context.new_page()
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        tab.on("console", self._hear)
        tab.goto(path)
        return tab

    def _hear(self, message):
        if message.type in ("error", "warning") and not message.text.startswith(EXPECTED):
            self.complaints.append(message.text)

    def log_in(self, name="ann", path="/") -> Page:
        """A tab of `name`, who has an account."""
        self.register(name)
        tab = self.open(path)
        self.enter(tab, name)
        expect(tab.get_by_role("button", name="Log out")).to_be_visible()
        return tab

    def enter(self, tab, name="ann", password=PASSWORD):
        """Fill in the form of the way in, and send it."""
        tab.get_by_label("Username").fill(self.called(name))
        tab.get_by_label("Password").fill(password)
        tab.keyboard.press("Enter")

    def register(self, name="ann"):
        """See that `name` has an account."""
        self.served.ask("POST", "/register", self.account(name))

    def account(self, name):
        """What `name` registers and logs in with."""
        return {"username": self.called(name), "password": PASSWORD}

    def ask(self, method, path, body=None, name="ann"):
        """What the API answers to `name`, without the page."""
        token = self.served.ask("POST", "/login", self.account(name))[2]["access_token"]
        status, _, answer = self.served.ask(method, path, body, token)
        assert status < 300, answer
        return answer

    def make(self, *tasks, name="ann"):
        """Give `name` an account and tasks."""
        self.register(name)
        self.ask("POST", "/tasks/bulk", {"operations": [{"op": "create", "task": task} for task in tasks]}, name)


class HeldUp:
    """Requests of a tab to `url`, which are sent when the test says so."""

    def __init__(self, tab: Page, url):
        self._tab = tab
        self._routes = []
        tab.route(url, lambda route: self._routes.append(route))

    def expect(self, count):
        """Wait until there are `count`."""
        give_up = time.monotonic() + PATIENCE / 1000
        while len(self._routes) < count and time.monotonic() < give_up:
            self._tab.wait_for_timeout(10)
        assert len(self._routes) == count

    def send(self):
        """Send the first, once it is there."""
        self.expect(1)
        self._routes.pop().continue_()


def titles(tab: Page):
    """The titles that the list shows."""
    return tab.locator(".task .title")


def said(tab: Page):
    """What the page has just announced."""
    return tab.locator(".announcement[data-said]")


def tab_to(tab: Page, name: str):
    """Press Tab until what bears that name has the focus."""
    for _ in range(60):
        tab.keyboard.press("Tab")
        if tab.locator(":focus").get_by_text(name, exact=True).count() or name in names_of_focused(tab):
            return
    raise AssertionError(f"Tab does not lead to {name}")


def names_of_focused(tab: Page):
    """What the focused element is called."""
    return tab.locator(":focus").evaluate_all(
        "(found) => found.flatMap((element) => [element.ariaLabel, element.textContent.trim(),"
        " ...[...(element.labels ?? [])].map((label) => label.firstChild.textContent.trim())])"
    )


def assert_axe_finds_nothing(tab: Page, axe: str):
    """axe-core has nothing to say, whatever its weight: on a phone and a large screen, in light and dark."""
    for width in (360, 1200):
        tab.set_viewport_size({"width": width, "height": 740})
        for scheme in ("light", "dark"):
            tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            tab.evaluate(axe)
            found = tab.evaluate("async () => (await axe.run()).violations")
            faults = {(fault["id"], node["html"]) for fault in found for node in fault["nodes"]}
            assert faults == set(), f"{scheme}, {width} wide: {sorted(faults)}"


def assert_nothing_is_wider_than_the_screen(tab: Page):
    """The page does not scroll sideways on a phone."""
    assert tab.evaluate("document.documentElement.scrollWidth") == 360
