"""What the tests of the page share: somebody who visits it, and what they do there."""

from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, Page, expect

EXPECTED = ("Failed to load resource",)  # Chromium's own word on any refusal
PASSWORD = "securepassword"


@dataclass
class Visitor:
    """Somebody with a browser of their own."""

    served: object
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)

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
        self.served.ask("POST", "/register", {"username": name, "password": PASSWORD})
        tab = self.open(path)
        tab.get_by_label("Username").fill(name)
        tab.get_by_label("Password").fill(PASSWORD)
        tab.get_by_role("button", name="Log in").click()
        expect(tab.get_by_role("button", name="Log out")).to_be_visible()
        return tab

    def token(self, name="ann"):
        """An access token of `name`'s, for what is prepared without the page."""
        _, _, answer = self.served.ask("POST", "/login", {"username": name, "password": PASSWORD})
        return answer["access_token"]

    def make(self, *tasks, name="ann"):
        """Give `name` an account and tasks."""
        self.served.ask("POST", "/register", {"username": name, "password": PASSWORD})
        operations = [{"op": "create", "task": task} for task in tasks]
        status, _, answer = self.served.ask("POST", "/tasks/bulk", {"operations": operations}, self.token(name))
        assert status == 200, answer


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
    return tab.evaluate(
        "() => { const e = document.activeElement;"
        " return [e.ariaLabel, e.textContent.trim(), ...[...(e.labels ?? [])].map((l) => l.firstChild.textContent.trim())]"
        " }"
    )
