"""What PostgreSQL's driver raises and gives; where it is not installed, nothing ever is one of these."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg import OperationalError, ProgrammingError, ServerCursor
    from psycopg.errors import QueryCanceled
else:
    try:
        from psycopg import OperationalError, ProgrammingError, ServerCursor
        from psycopg.errors import QueryCanceled
    except ModuleNotFoundError:

        class _Absent(Exception):
            pass

        OperationalError = ProgrammingError = QueryCanceled = ServerCursor = _Absent

__all__ = ["OperationalError", "ProgrammingError", "QueryCanceled", "ServerCursor"]
