"""`q`: every word is contained in a task's title or description, without regard to case."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Text, bindparam, column, func, literal, or_, select, table

from web.shown import tasks

if TYPE_CHECKING:
    from collections.abc import Iterable

WRITTEN = tasks.c.title + literal("\n", Text, literal_execute=True) + tasks.c.description

# On SQLite an index of trigrams finds words of three letters and more. What it takes for the same letter
# is replaced when a task is written and here alike.
SAME_LETTERS = (("ß", "ss"), ("ẞ", "ss"), ("ς", "σ"), ("İ", "i̇"))
task_search = table("task_search", column("rowid"), column("task_search"))


def contains(q: str, owner: int, dialect: str) -> list[ColumnElement[bool]]:
    """The conditions under which a task of `owner` holds every word of `q`."""
    words = sorted(set(q.split()))
    if dialect == "postgresql":
        return [_searchable(WRITTEN).contains(_searchable(_escaped(word)), escape="/") for word in words]
    folded = {_folded(word) for word in words}
    long = sorted(word for word in folded if len(word) > 2)
    short = sorted(folded.difference(long))
    return ([_indexed(long, owner)] if long else []) + [_scanned(word) for word in short]


def _searchable(text: ColumnElement[str] | str) -> ColumnElement[str]:
    return func.searchable(text, type_=Text())


def _escaped(word: str) -> str:
    return word.replace("/", "//").replace("%", "/%").replace("_", "/_")


def _folded(word: str) -> str:
    for letter, same in SAME_LETTERS:
        word = word.replace(letter, same)
    return word


def _indexed(words: Iterable[str], owner: int) -> ColumnElement[bool]:
    quoted = " AND ".join('"' + word.replace('"', '""') + '"' for word in words)
    match = f'owner : "{owner_trigram(owner)}" AND words : ({quoted})'
    found = select(task_search.c.rowid).where(task_search.c.task_search.op("MATCH")(bindparam(None, match)))
    return tasks.c.id.in_(found)


def owner_trigram(owner: int) -> str:
    """Three Chinese characters that stand for an account in the index, as its triggers write them."""
    return "".join(chr(0x4E00 + (owner >> shift & 8191)) for shift in (26, 13, 0))


def _scanned(word: str) -> ColumnElement[bool]:
    """One or two letters make no trigram. LIKE knows the cases of ASCII letters; of others each is asked for."""
    text: ColumnElement[str] = WRITTEN
    for letter, same in SAME_LETTERS:
        text = func.replace(text, letter, same, type_=Text())
    spellings = {"".join(letters) for letters in product(*map(_cases, word))}
    return or_(*(text.contains(spelling, autoescape=True) for spelling in sorted(spellings)))


def _cases(letter: str) -> set[str]:
    if letter.isascii():
        return {letter}
    cases = (letter, letter.lower(), letter.upper(), letter.title(), letter.casefold())
    return {case for case in cases if len(case) == 1}
