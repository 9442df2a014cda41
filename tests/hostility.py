"""Requests that no friend sends: drawn by a seed for a route, and such as no client makes, byte by byte."""

import json
import random
import re
from urllib.parse import quote_from_bytes

from conftest import PASSWORD

STRINGS = [
    "", " ", "\0", "a\0b", "\ud800", "a\udfffb", "' OR 1=1 --", '"; DROP TABLE tasks; --', "%' ESCAPE '",
    "\r\nX-Evil: 1",
    "\n\n<html>", "../../etc/passwd", "..%2f", "%00", "%s%n%d", "{{7*7}}", "<script>alert(1)</script>", "=1+1",
    "a" * 300,
    "ä" * 10_001, "😀" * 90, "\u202e", "\ufeff", "İ", "ﬃ", "９", "NaN", "Infinity", "-0", "1e999", "null", "true", "[]",
    "2026-02-30T10:00:00Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "1970-01-01T00:00:00+00:01",
    "2026-11-23T10:00:00.123456789123Z", "2026-11-23T24:00:00Z", "10000-01-01T00:00:00Z", "2026-11-23", "pending",
    "high",
    "completed", "create", "update", "anna", PASSWORD, "home", "a,b", "-due_at", "title,-title", "*", '""', 'W/"x"',
    "\x7f",
]  # fmt: skip
NUMBERS = [
    0, 1, -1, 7, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**30, 1.5, -0.0, 1e308, True, False, None,
]  # fmt: skip
FIELDS = [
    "title", "description", "status", "priority", "due_at", "labels", "username", "password", "current_password",
    "new_password", "operations", "op", "id", "task", "if_match", "created_at", "completed_at", "__proto__",
    "\ud800", "",
]  # fmt: skip
PARAMETERS = [
    "page", "per_page", "cursor", "status", "priority", "label", "due_before", "due_after", "q", "sort", "deleted",
    "carrier", "distance.gte", "distance.in", "carrier.is", "carrier.contains", "born.lt", "nothing", "a\0b", "'",
    "\ud800",
]  # fmt: skip
HEADERS = {
    "Accept": ["", "*/*;q=nan", "text/html", "text/csv;q=0", "a/b/c", ",,,", "text/csv, " * 500, "\xff",
    "*/*;q=-1;q=2"],
    "Accept-Language": ["\xff", "a" * 9000],
    "Authorization": ["Bearer \xff", "Bearer " + "a." * 5000, "Basic OjpcMDA=", "Bearer a.b.c"],
    "Content-Type": [
        "", "text/html", "application/json; charset=utf-16", "application/json; charset=\xff",
    'application/json; a="',
        "multipart/form-data", "multipart/form-data; boundary=" + "x" * 300, "application/x-www-form-urlencoded",
    ],
    "Content-Encoding": ["gzip", "br, gzip", "\xff"],
    "Cookie": ["refresh_token=", "refresh_token=a.b.c; refresh_token=x", "=;;=\xff", "refresh_token=\xff",
    "a=b;" * 2000],
    "Forwarded": ["for=\xff", "for=unknown"],
    "Host": ["", "a b", "[::1", "\xff", "x:99999999", "x" * 5000],
    "Idempotency-Key": ["", "a", "a" * 256, "\xff", "' OR 1=1 --", "a\tb", "same"],
    "If-Match": ["", "*", '"', '"a', 'W/"a"', '"\xff"', '"a", ' * 2000, "a b c", "*, *"],
    "If-None-Match": ["", "*", '"', 'W/', '"\xff"', '"a",' * 2000],
    "If-Modified-Since": ["yesterday", "Thu, 99 Foo 99999 99:99:99 GMT"],
    "If-Range": ["\xff", "Thu, 99 Foo 99999 99:99:99 GMT"],
    "Origin": ["null", "\xff", "http://a\tb"],
    "Range": ["bytes=0-", "bytes=-1", "bytes=9-1", "bytes=0-0,0-0," * 500, "\xff", f"bytes={10**30}-"],
    "X-Forwarded-For": ["\xff", "1.2.3.4, " * 2000, "::ffff:1.2.3.4%eth0"],
    "X-Forwarded-Proto": ["\xff", "https, http"],
    "X-Request-ID": ["", "a b", "\xff", "a" * 9000, "<script>", "a\tb"],
}  # fmt: skip
RAW_BODIES = [
    b"", b"\0", b"\xff\xfe", b"{", b'{"title":NaN}', b'{"title":Infinity}', b'{"title":"a","title":"b"}',
    b'{"title":"\xff"}',
    b'{"title":"\\ud800"}', b'{"title":"\\u0000"}', b"[" * 100_000, b'{"a":' * 500_000, b'{"operations":'
    + b"[" * 90 + b"]" * 90 + b"}",
    b'{"id":' + b"9" * 5000 + b"}", b'{"a":1e999999999}', b'{"title":"' + b"a" * 1_048_600, b"\xef\xbb\xbf{}",
    b'{"a"\r\n:1}\0',
    b'{"username":"\\ud800\\udc00abc","password":"securepassword"}', '{"title":"ü"}'.encode("utf-16"), b"a=b&c=%00",
    json.dumps({"operations": [{"op": "delete", "id": 1}] * 1001}).encode(),
    json.dumps({"labels": ["x"] * 20_000}).encode(),
]  # fmt: skip


class Drawn:
    """Requests drawn by a seed. example: a body that the route takes, if it takes any."""

    def __init__(self, seed, example=None):
        self.draw, self.example = random.Random(seed), example

    def value(self, depth=3):
        kind = self.draw.random()
        if depth and kind < 0.15:
            return [self.value(depth - 1) for _ in range(self.draw.randint(0, 5))]
        if depth and kind < 0.3:
            return self.object(depth - 1)
        return self.draw.choice(STRINGS if kind < 0.8 else NUMBERS)

    def object(self, depth=3):
        made = {self.draw.choice(FIELDS): self.value(depth) for _ in range(self.draw.randint(0, 5))}
        if self.draw.random() < 0.5:  # something that gets further
            made |= {"title": "A task", "operations": [self.operation(depth) for _ in range(self.draw.randint(0, 3))]}
            del made[self.draw.choice(["title", "operations"])]
        return made

    def operation(self, depth):
        known = {"op": self.draw.choice(["create", "update", "delete"]), "id": self.draw.choice([1, 2, *NUMBERS])}
        return known | {"task": {"title": "A task"} | self.object(depth - 1) if depth else {}}

    def body(self):
        kind = self.draw.random()
        if kind < 0.25:
            return self.draw.choice(RAW_BODIES)
        if kind < 0.6 and self.example is not None:
            value = self.harmed(self.example)
        else:
            value = self.object() if kind < 0.9 else self.value()
        return json.dumps(value, ensure_ascii=self.draw.random() < 0.7).encode("utf-8", "surrogatepass")

    def harmed(self, example):
        """An example with one of its values, anywhere in it, replaced."""
        if not isinstance(example, (dict, list)) or not example or self.draw.random() < 0.2:
            return self.value()
        if isinstance(example, list):
            place = self.draw.randrange(len(example))
            return [*example[:place], self.harmed(example[place]), *example[place + 1 :]]
        name = self.draw.choice(list(example))
        return example | {name: self.harmed(example[name])}

    def text(self):
        """Percent-encoded: any bytes."""
        value = self.draw.choice([*STRINGS, *map(str, NUMBERS), "\xff"])
        raw = value.encode("utf-8", "surrogatepass") if value != "\xff" else b"\xff\x80"
        return quote_from_bytes(raw[:4000], safe="")

    def path(self, rule, ids):
        def place(found):
            kind, name = found[1] or "", found[2]
            likely = {"row_id:": ids, "": ["flights", "docs.js"], "path:": ["flights", "app.js"]}[kind]
            if name == "version":
                likely = ["1"]
            return self.draw.choice(likely) if self.draw.random() < 0.7 else self.text()

        return re.sub(r"<(\w+:)?(\w+)>", place, rule)

    def query(self):
        if self.draw.random() < 0.4:
            return ""
        pairs = [(self.draw.choice(PARAMETERS), self.text()) for _ in range(self.draw.choice([1, 1, 1, 2, 4]))]
        return "&".join(f"{quote_from_bytes(name.encode('utf-8', 'surrogatepass'))}={text}" for name, text in pairs)

    def headers(self):
        names = self.draw.sample(list(HEADERS), self.draw.choice([0, 0, 1, 1, 2, 4]))
        found = {name: self.draw.choice(HEADERS[name]) for name in names}
        return {"Content-Type": "application/json"} | found


HEAD = b"Host: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
BODY = b'{"title": "a"}'
RAW = {
    "a length below zero": b"POST /tasks HTTP/1.1\r\n" + HEAD + b"Content-Length: -1\r\n\r\n" + BODY,
    "a length beyond all numbers": b"POST /tasks HTTP/1.1\r\n" + HEAD + b"Content-Length: 1" + b"0" * 40
    + b"\r\n\r\n" + BODY,
    "a length that is a word": b"POST /tasks HTTP/1.1\r\n" + HEAD + b"Content-Length: many\r\n\r\n" + BODY,
    "two lengths": b"POST /tasks HTTP/1.1\r\n" + HEAD + b"Content-Length: 14\r\nContent-Length: 15\r\n\r\n" + BODY,
    "a length and chunks": b"POST /tasks HTTP/1.1\r\n" + HEAD
    + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\ne\r\n" + BODY + b"\r\n0\r\n\r\n",
    "chunks of no size": b"POST /tasks HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + BODY,
    "a chunk beyond all numbers": b"POST /tasks HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    + b"f" * 30 + b"\r\n",
    "an unknown encoding": b"POST /tasks HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: identity, gzip\r\n\r\n" + BODY,
    "a body that ends early": b"POST /tasks HTTP/1.1\r\n" + HEAD + b"Content-Length: 5000\r\n\r\n" + BODY,
    "a header of a megabyte": b"GET /tasks HTTP/1.1\r\n" + HEAD + b"X-Long: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "ten thousand headers": b"GET /tasks HTTP/1.1\r\n" + HEAD + b"X-Many: a\r\n" * 10_000 + b"\r\n",
    "a long address": b"GET /tasks?q=" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n",
    "NUL in the address": b"GET /tasks\0 HTTP/1.1\r\n" + HEAD + b"\r\n",
    "NUL in a header": b"GET /tasks HTTP/1.1\r\n" + HEAD + b"X-Nul: a\0b\r\n\r\n",
    "bytes in the address": b"GET /tasks/\xff\xfe?q=\xff HTTP/1.1\r\n" + HEAD + b"\r\n",
    "bytes in headers": b"GET /tasks HTTP/1.1\r\n" + HEAD
    + b"X-Request-ID: \xff\xfe\r\nIf-None-Match: \"\xff\"\r\n\r\n",
    "a line break in the address": b"GET /tasks\r\nX-Evil: 1 HTTP/1.1\r\n" + HEAD + b"\r\n",
    "line feeds alone": b"GET /tasks HTTP/1.1\n" + HEAD.replace(b"\r", b"") + b"\n",
    "a folded header": b"GET /tasks HTTP/1.1\r\n" + HEAD + b"X-Folded: a\r\n b\r\n\r\n",
    "no host": b"GET /tasks HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /tasks HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "HTTP/0.9": b"GET /tasks\r\n\r\n",
    "HTTP/1.0": b"GET /tasks HTTP/1.0\r\n\r\n",
    "an address with its host": b"GET http://elsewhere.example/tasks HTTP/1.1\r\n" + HEAD + b"\r\n",
    "CONNECT": b"CONNECT elsewhere.example:443 HTTP/1.1\r\n" + HEAD + b"\r\n",
    "OPTIONS *": b"OPTIONS * HTTP/1.1\r\n" + HEAD + b"\r\n",
    "TRACE": b"TRACE /tasks HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a method of any letters": b"GE%T /tasks HTTP/1.1\r\n" + HEAD + b"\r\n",
    "another protocol": b"GET /tasks HTTP/1.1\r\n" + HEAD + b"Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n\r\n",
    "HTTP/2 at once": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 100,
    "an expectation": b"POST /tasks HTTP/1.1\r\n" + HEAD + b"Expect: nonsense\r\nContent-Length: 14\r\n\r\n" + BODY,
    "nothing but noise": random.Random(7).randbytes(5000),
}  # fmt: skip
