"""A web server for tests of sources by URL: whole files, and parts of them where it is asked to."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def serving(files: dict[str, bytes], *, parts: bool = True) -> Iterator[tuple[str, list[bool]]]:
    """Serve `files` (path -> content); the address, and of every GET so far whether it asked for a part."""
    asked: list[bool] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self._answer(with_body=False)

        def do_GET(self):
            asked.append("Range" in self.headers)
            self._answer(with_body=True)

        def _answer(self, *, with_body: bool) -> None:
            content = files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            if wanted and parts:
                first, last = int(wanted[1]), min(int(wanted[2]), len(content) - 1)
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
                content = content[first : last + 1]
            else:
                self.send_response(200)
            self.send_header("Accept-Ranges", "bytes" if parts else "none")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if with_body:
                self.wfile.write(content)

        def log_message(self, *_arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()
