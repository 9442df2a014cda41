"""What stops a load, as exceptions whose text is for the user."""


class Refused(Exception):
    """The input, the options and the database don't go together: one line, exit 1, nothing written."""


class UsageError(Exception):
    """An option makes no sense, whatever the input: one line, exit 2."""


class Contradicted(Exception):
    """A guess was wrong: the load starts again with what is known now. Never seen by the user.

    subject: what was guessed ("types", "encoding", "key", "dialect").
    """

    def __init__(self, subject: str, detail: str) -> None:
        super().__init__(f"{subject}: {detail}")
        self.subject = subject
        self.detail = detail
