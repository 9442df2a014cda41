"""Polluted CSV files: file `number` is the same every time, so that one that fails can be looked at again."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from datetime import date, timedelta

WORDS = [
    "Ann",
    "O'Neill",
    "Zoë",
    '5" disk',
    "a, b; c",
    "Null",
    "N/A",
    "北京",
    "two\nlines",
    "",
    " x ",
    "Łódź",
    "=1+2",
    "é",
]
DELIMITERS = [",", ",", ";", "\t", "|", " "]
LINE_ENDS = ["\n", "\n", "\r\n", "\r"]
ENCODINGS = [
    *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"),
    *("latin-1", "cp1252", "cp1251", "shift_jis", "utf-7"),
]
MARKS = [
    *(b",", b";", b"\t", b"|", b" ", b'"', b'""', b"'", b"\\", b"\n", b"\r", b"\r\n", b"\n\n", b"\x00", b"\x00\x00"),
    *(b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xc3", b"\xe2\x80", b"\xed\xa0\x80", b"\x85", b"\xc2\x85"),
    *(b"\x1a", b"\x1f", b"#", b"sep=;\n", b"-", b"(", b"%", b"1e999", b"9" * 40, b"NaN"),
    *("\N{LINE SEPARATOR}".encode(), "\N{NO-BREAK SPACE}".encode()),
]


def polluted(number: int) -> bytes:
    """File `number`: a well-formed one in which a few things were changed."""
    chance = random.Random(number)
    data = encoded(chance, well_formed(chance))
    for _time in range(chance.choice([0, 1, 1, 2, 3, 5, 8])):
        data = chance.choice(CHANGES)(chance, data)
    return data


def well_formed(chance: random.Random) -> str:
    """A table as some program would write it."""
    rows = chance.choice([0, 1, 2, 5, 20, 60, 200])
    columns = [chance.choice(COLUMNS) for _column in range(chance.choice([1, 2, 3, 5, 8]))]
    out = io.StringIO(newline="")
    writer = csv.writer(
        out,
        delimiter=chance.choice(DELIMITERS),
        quotechar=chance.choice(['"', '"', "'"]),
        quoting=chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        lineterminator=chance.choice(LINE_ENDS),
    )
    if chance.random() < 0.8:
        writer.writerow(
            [chance.choice(["id", "name", "Größe", "2020", "", "a b", f"c{at}"]) for at in range(len(columns))]
        )
    for number in range(1, rows + 1):
        writer.writerow([column(chance, number) for column in columns])
    return chance.choice(["", "", "", "A title\n\n", "# a comment\n"]) + out.getvalue()


def _day(chance: random.Random) -> date:
    return date(1990, 1, 1) + timedelta(days=chance.randrange(20_000))


COLUMNS: list[Callable[[random.Random, int], object]] = [
    lambda chance, number: number,
    lambda chance, number: f"{number:05d}",
    lambda chance, number: chance.randrange(-(10**6), 10**6),
    lambda chance, number: chance.randrange(10**25),
    lambda chance, number: f"{chance.uniform(-1e4, 1e4):,.2f}",
    lambda chance, number: f"{chance.uniform(0, 1e4):.2f}".replace(".", ","),
    lambda chance, number: f"${chance.uniform(0, 1e4):,.2f}",
    lambda chance, number: f"{chance.uniform(0, 100):.1f}%",
    lambda chance, number: chance.choice(["yes", "no", ""]),
    lambda chance, number: _day(chance).isoformat(),
    lambda chance, number: f"{_day(chance):%d/%m/%Y}",
    lambda chance, number: f"{_day(chance):%d %b %Y} 10:{chance.randrange(60):02d}",
    lambda chance, number: f"{chance.randrange(24)}:{chance.randrange(60):02d}",
    lambda chance, number: chance.choice(WORDS),
    lambda chance, number: chance.choice(WORDS) * chance.choice([1, 1, 1, 50]),
]


def encoded(chance: random.Random, text: str) -> bytes:
    """In one encoding or, as when files were put together, in two."""
    one, other = chance.choice(ENCODINGS), chance.choice(ENCODINGS)
    if chance.random() < 0.5:
        one = other = "utf-8"
    middle = chance.choice([0, 0, 0, len(text) // 2, chance.randint(0, len(text))])
    return text[middle:].encode(one, "replace") + text[:middle].encode(other, "replace")


# ---- what becomes of it ----


def leave_out(chance: random.Random, data: bytes) -> bytes:
    place = chance.randint(0, len(data))
    return data[:place] + data[place + chance.choice([1, 1, 2, 17, 400]) :]


def put_in(chance: random.Random, data: bytes) -> bytes:
    place = chance.randint(0, len(data))
    return data[:place] + chance.choice(MARKS) * chance.choice([1, 1, 1, 2, 30]) + data[place:]


def put_in_often(chance: random.Random, data: bytes) -> bytes:
    mark = chance.choice(MARKS)
    for _time in range(chance.randint(2, 20)):
        place = chance.randint(0, len(data))
        data = data[:place] + mark + data[place:]
    return data


def put_in_noise(chance: random.Random, data: bytes) -> bytes:
    place = chance.randint(0, len(data))
    return data[:place] + chance.randbytes(chance.choice([1, 3, 40])) + data[place:]


def mark_taken_for_another(chance: random.Random, data: bytes) -> bytes:
    """Some or all of one mark become another."""
    return data.replace(chance.choice(MARKS[:14]), chance.choice(MARKS), chance.choice([1, 3, -1]))


def cut_off(chance: random.Random, data: bytes) -> bytes:
    place = chance.randint(0, len(data))
    return chance.choice([data[:place], data[place:]])


def say_again(chance: random.Random, data: bytes) -> bytes:
    start = chance.randint(0, len(data))
    end = chance.randint(start, len(data))
    return data[:end] + data[start:end] * chance.choice([1, 1, 3]) + data[end:]


def shuffle_lines(chance: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    chance.shuffle(lines)
    return b"\n".join(lines)


def encode_again(chance: random.Random, data: bytes) -> bytes:
    """Read in a wrong encoding, and written in another."""
    text = data.decode(chance.choice(["latin-1", "cp1252", "utf-8", "utf-16-le"]), "replace")
    return text.encode(chance.choice(ENCODINGS), "replace")


def turn_bits(chance: random.Random, data: bytes) -> bytes:
    turned = bytearray(data)
    for _time in range(min(len(turned), chance.choice([1, 1, 5]))):
        turned[chance.randrange(len(turned))] ^= 1 << chance.randrange(8)
    return bytes(turned)


CHANGES: list[Callable[[random.Random, bytes], bytes]] = [
    leave_out, leave_out, put_in, put_in, put_in_often, put_in_noise, mark_taken_for_another, cut_off, say_again,
    shuffle_lines, encode_again, turn_bits,
]  # fmt: skip
