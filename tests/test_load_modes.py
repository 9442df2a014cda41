"""The same file by one worker and by two, on each database: the same table, account and rejects.

What a cluster makes of these files is compared in test_dask.py.
"""

from __future__ import annotations

import re

import pytest
from loading import Place, fine

pytestmark = pytest.mark.slow

WORD = "a word that is long enough to make the file larger than what a sample of it sees"
CASES = {
    "clean": "id,day,amount,word\n" + "".join(f"{n},2024-01-{n % 28 + 1:02d},{n}.5,{n}\n" for n in range(9_000)),
    "a key that repeats in many blocks": "id,word\n" + "".join(f"{n * n % 7001},{n}\n" for n in range(9_000)),
    "a guessed key that repeats": "t_id,word\n" + "".join(f"{n},{WORD}\n" for n in [*range(40_000), 5]),
    "types": "id,a,b\n" + "".join(f"{n},{'007' if n == 39_500 else n},{WORD}\n" for n in range(40_000)),
    "a byte that is not UTF-8": ("id,a\n" + "".join(f"{n},é {WORD}\n" for n in range(9_000))).encode() + b"9000,\xe9\n",
    "ragged": "id,a,b\n" + "".join(f"{n},{n}{',x' * (1 if n % 50 else n % 4)}\n" for n in range(9_000)),
}


@pytest.fixture
def place(tmp_path, any_url):
    return Place(tmp_path, any_url) if any_url.startswith("postgresql") else Place(tmp_path)


def loaded_case(place, case, *options):
    """What a load of one of CASES tells and leaves. Its account adds up."""
    key = [] if "guessed" in case else ["--primary-key", "id"]
    answer = place.load(CASES[case], *key, "--chunk-size", 1000, "--json", "--if-exists", "replace", *options)
    fine(answer)
    assert answer.code == 0, answer.said
    assert answer.summary["rows_read"] == answer.summary["rows_loaded"] + answer.summary["rows_rejected"]
    assert answer.summary["rows_loaded"] == len(place.rows())
    assert not place.staging()
    told = {name: answer.summary[name] for name in ("reasons", "cells_blanked", "schema", "dialect")}
    return told, place.everything(), [re.sub("line .*", "", note) for note in answer.summary["notes"]]


def loaded_with_two_unique_columns(place, *options):
    """What is left where two columns must be unique: that depends on the order in which all rows are looked at."""
    place.write('{"fields": [{"name": "b", "constraints": {"unique": true}}], "primaryKey": "a"}', "schema.json")
    content = "a,b\n" + "".join(f"{n * 37 % 501},{n * 11 % 703}\n" for n in range(1500))
    options = [*options, "--schema", place.folder / "schema.json", "--chunk-size", 40, "--if-exists", "replace"]
    assert place.load(content, *options, "--quiet").code == 0
    found = place.everything()
    assert found["account"][2] > 900
    return found


@pytest.mark.parametrize("case", CASES)
def test_two_workers_make_the_table_that_one_makes(place, case):
    one, two = (loaded_case(place, case, "--workers", workers) for workers in (1, 2))
    assert two == one


def test_the_row_that_comes_first_in_the_file_keeps_a_value_that_may_not_repeat(place):
    one, two = (loaded_with_two_unique_columns(place, "--workers", workers) for workers in (1, 2))
    assert two == one
