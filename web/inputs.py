"""Request bodies, said once: read from JSON, and shown in the description of the API."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from web.fields import Description, DueAt, Guess, Labels, Name, Password, Priority, Status, Text, Title


class StrictBody(BaseModel):
    """A body whose fields are all known and have exactly their types."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Registration(StrictBody):
    """A new account."""

    username: Name
    password: Password


class Credentials(StrictBody):
    """Somebody who says who they are. What no account could have is simply wrong, not malformed."""

    username: Guess
    password: Guess


class PasswordChange(StrictBody):
    """The password that is, to show who asks, and the one that shall be."""

    current_password: Guess
    new_password: Password


class Confirmation(StrictBody):
    """The password again, before something that can't be undone."""

    password: Guess


class NewTask(StrictBody):
    """A task to be made."""

    title: Title
    description: Description = ""
    status: Status = "pending"
    priority: Priority = "normal"
    due_at: DueAt | None = None
    labels: Labels = []


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        field.pop("default", None)


class TaskChange(StrictBody):
    """The fields of a task that change; those left out stay as they are."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    # What GET answered can be edited and sent back: these are taken and ignored.
    KEPT: ClassVar = ("id", "created_at", "updated_at", "completed_at")

    # The defaults are never used: only the fields that were given count.
    title: Title = ""
    description: Description = ""
    status: Status = "pending"
    priority: Priority = "normal"
    due_at: DueAt | None = None
    labels: Labels = []
    id: Any = None
    created_at: Any = None
    updated_at: Any = None
    completed_at: Any = None

    def given(self) -> dict[str, Any]:
        """The fields to change, with their new values."""
        return {field: getattr(self, field) for field in self.model_fields_set if field not in self.KEPT}


class Creation(StrictBody):
    """A task to be made, among others."""

    op: Literal["create"]
    task: NewTask


class Update(StrictBody):
    """A task to be changed, among others."""

    op: Literal["update"]
    id: int
    task: TaskChange
    if_match: Text | None = None


class Deletion(StrictBody):
    """A task to be deleted, among others."""

    op: Literal["delete"]
    id: int
    if_match: Text | None = None


Operation = Annotated[Creation | Update | Deletion, Field(discriminator="op")]


class Bulk(StrictBody):
    """Operations that are done in this order, all or none."""

    operations: Annotated[list[Operation], Field(min_length=1, max_length=1000)]
