"""What stops a load, as exceptions whose text is for the user."""


class Refused(Exception):
    """The input, the options and the database don't go together: one line, exit 1, nothing written."""


class Interrupted(Exception):
    """The load stopped half way and can go on: one line, exit 1."""


class Superseded(Interrupted):
    """Another run, or a better plan, has taken the load over: this one commits nothing any more."""


class Stopped(Exception):
    """The user asked the load to stop: one line, exit 130."""


class UsageError(Exception):
    """An option makes no sense, whatever the input: one line, exit 2."""


class Contradicted(Exception):
    """A guess was wrong: the load starts again with what is known now. Never seen by the user.

    subject: what was guessed ("types", "encoding", "key", "trailing"; "order": that blocks may be committed in any).
    examples: for types, the value that contradicts each column's, and its line (0 where it is no single one).
    """

    def __init__(self, subject: str, detail: str, examples: dict[str, tuple[str, int]] | None = None) -> None:
        super().__init__(subject, detail, examples)  # so that it can be pickled
        self.subject, self.detail, self.examples = subject, detail, examples or {}

    def __str__(self) -> str:
        return f"{self.subject}: {self.detail}"


def plainly(error: OSError) -> str:
    """What the system says, and of which file."""
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)
