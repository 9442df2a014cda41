"""Whatever was done to a file, its load ends with an account of every row, or is refused in one line.

POLLUTED=2000 tries more files; `pollution.polluted(number)` is the one that a failure names.
"""

from __future__ import annotations

import os
import random
import tempfile
from pathlib import Path

import pytest
from loading import Place, fine, fresh_place
from pollution import polluted

POLLUTED = int(os.environ.get("POLLUTED", "200"))
GROUPS = 10  # so that several processes can share the work
OPTIONS: list[tuple[str, ...]] = [
    *[()] * 8, ("--text",), ("--header", "no"), ("--header", "yes"), ("--fill-missing",), ("--quote", "none"),
    ("--encoding", "cp1252"), ("--encoding", "utf-8"), ("--encoding", "utf-16"), ("--delimiter", ","), ("--day-first",),
]  # fmt: skip


def options_of(number: int) -> list[object]:
    chance = random.Random(number)
    return ["--chunk-size", chance.choice([3, 20, 100_000]), *chance.choice(OPTIONS)]


def load_polluted(place: Place, number: int, table: str) -> None:
    """Load file `number`, and hold the loader to its word."""
    answer = place.load(polluted(number), "--table", table, *options_of(number))
    fine(answer)
    assert not place.staging()
    assert place.query("SELECT count(*) FROM etl_blocks") == [(0,)]
    if answer.code:
        assert answer.code == 1
        assert answer.err.count("\n") == 1, answer.err
        assert "database failed" not in answer.err, answer.err
        assert table not in place.tables()
        return
    read, loaded, rejected = place.account()
    assert read == loaded + rejected
    assert place.query(f"SELECT count(*) FROM {table}") == [(loaded,)]
    assert rejected == sum(column is None for _, _, column, _, _ in place.rejects())
    assert place.last("cells_blanked") == sum(column is not None for _, _, column, _, _ in place.rejects())


@pytest.mark.slow
@pytest.mark.parametrize("group", range(GROUPS))
def test_a_polluted_file_is_loaded_with_an_account_or_refused_in_one_line(group, monkeypatch):
    monkeypatch.setenv("SQLITE_SYNCHRONOUS", "OFF")  # none of these has to survive a power cut
    with tempfile.TemporaryDirectory() as folder:
        for number in range(group, POLLUTED, GROUPS):
            try:
                load_polluted(fresh_place(Path(folder)), number, "t")
            except BaseException as error:
                error.add_note(f"polluted file {number}, with {options_of(number)}")
                raise


@pytest.mark.slow
def test_polluted_files_are_accounted_for_on_postgresql_too(tmp_path, postgresql_url):
    place = Place(tmp_path, postgresql_url)
    for number in range(0, POLLUTED, 20):
        try:
            load_polluted(place, number, f"t{number}")
        except BaseException as error:
            error.add_note(f"polluted file {number}, with {options_of(number)}")
            raise
