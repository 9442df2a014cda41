"""`q`: every word is contained in a task's title or description, without regard to case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Text, bindparam, column, func, literal, select, table, union_all

from web.shown import tasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, FromClause

# On SQLite an index of trigrams finds words of three letters and more. What it takes for the same letter
# is replaced when a task is written and here alike.
LONGEST_SEARCH = 1000
SAME_LETTERS = (("ß", "ss"), ("ẞ", "ss"), ("ς", "σ"), ("İ", "i̇"))
task_search = table("task_search", column("rowid"), column("task_search"))
task_unindexed = table("task_unindexed", column("task_id"))


def contains(q: str, owner: int, dialect: str) -> list[ColumnElement[bool]]:
    """The conditions under which a task of `owner` holds every word of `q`."""
    words = sorted(set(q.split()))
    if dialect == "postgresql":
        return [_searchable(_written(tasks)).contains(_searchable(escaped(word)), escape="/") for word in words]
    alike = {folded(word) for word in words}
    long = sorted(word for word in alike if len(word) > 2)
    short = sorted(alike.difference(long))
    return ([_indexed(long, owner)] if long else []) + [_scanned(word, tasks) for word in short]


def _written(source: FromClause) -> ColumnElement[str]:
    return source.c.title + literal("\n", Text, literal_execute=True) + source.c.description


def _searchable(text: ColumnElement[str] | str) -> ColumnElement[str]:
    return func.searchable(text, type_=Text())


def escaped(word: str) -> str:
    """A word in a LIKE pattern whose escape is /."""
    return word.replace("/", "//").replace("%", "/%").replace("_", "/_")


def folded(word: str) -> str:
    """A word with what counts as the same letter made the same."""
    for letter, same in SAME_LETTERS:
        word = word.replace(letter, same)
    return word


def _indexed(words: Sequence[str], owner: int) -> ColumnElement[bool]:
    """Whether the index finds a task or, for one that it hasn't read yet, the task itself holds the words."""
    quoted = " AND ".join('"' + word.replace('"', '""') + '"' for word in words)
    match = f'owner : "{owner_trigram(owner)}" AND words : ({quoted})'
    unindexed = select(task_unindexed.c.task_id)
    found = select(task_search.c.rowid).where(
        task_search.c.task_search.op("MATCH")(bindparam(None, match)), task_search.c.rowid.not_in(unindexed)
    )
    fresh = tasks.alias("fresh")
    holding = select(fresh.c.id).where(
        fresh.c.id.in_(unindexed), fresh.c.user_id == owner, *(_scanned(word, fresh) for word in words)
    )
    return tasks.c.id.in_(union_all(found, holding))


def owner_trigram(owner: int) -> str:
    """Three Chinese characters that stand for an account in the index, as its triggers write them."""
    return "".join(chr(0x4E00 + (owner >> shift & 8191)) for shift in (26, 13, 0))


def _scanned(word: str, source: FromClause) -> ColumnElement[bool]:
    """Whether the text itself holds a word: LIKE would know the cases of ASCII letters alone."""
    text = _written(source)
    for letter, same in SAME_LETTERS:
        text = func.replace(text, letter, same, type_=Text())
    return text.op("GLOB")(_glob(word))


def glob(word: str) -> str:
    """The pattern of GLOB for whatever holds `word`, where `folded_on_sqlite` was done to it."""
    return _glob(folded(word))


def folded_on_sqlite(expression: str) -> str:
    """An expression of SQLite's with what counts as the same letter made the same."""
    for letter, same in SAME_LETTERS:
        expression = f"replace({expression}, '{letter}', '{same}')"
    return expression


def _glob(word: str) -> str:
    return "*" + "".join(map(_either_case, word)) + "*"


def _either_case(letter: str) -> str:
    cases = {letter, letter.lower(), letter.upper(), letter.title(), letter.casefold()}
    single = "".join(sorted(case for case in cases if len(case) == 1))
    return f"[{single}]" if len(single) > 1 or letter in "*?[" else letter
