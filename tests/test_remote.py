"""Sources by URL: streamed to disk, or read in parts by each worker of a cluster."""

from __future__ import annotations

import gzip
import os
import random
import subprocess
import sys
from contextlib import closing

import pytest
from loading import ROOT
from serving_files import serving

from etl.blocks import cut, reread_block, start_of
from etl.layout import Wishes
from etl.problems import Interrupted, Refused
from etl.sniff import sniff
from etl.source import open_source


def text_behind(url, **others):
    with closing(open_source(url, **others)) as source:
        return source.read(source.start, source.size - source.start).decode()


def test_a_url_is_a_source_compressed_or_not():
    content = "id,a\n" + "".join(f"{n},x\n" for n in range(50_000))
    with serving({"/some/t.csv": content.encode(), "/t.csv.gz": gzip.compress(content.encode())}) as (address, _asked):
        assert text_behind(f"{address}/some/t.csv") == content
        assert text_behind(f"{address}/t.csv.gz") == content
        assert text_behind(f"{address}/some/t.csv", shared=True) == content


def test_a_url_that_is_read_in_parts_gives_the_same_bytes_at_any_offset():
    content = bytes(random.Random(5).choices(b"abc,\n", k=700_000))
    offsets = [(0, 10), (650_000, 100_000), (100, 200_000), (200_100, 300), (200_000, 200), (699_999, 5), (700_000, 5)]
    with (
        serving({"/t.csv": content}) as (address, asked),
        closing(open_source(f"{address}/t.csv", shared=True)) as source,
    ):
        for offset, length in offsets:
            assert source.read(offset, length) == content[offset : offset + length]
        assert all(asked)


@pytest.mark.parametrize("shared", [False, True])
def test_a_url_behind_which_nothing_is_and_one_of_no_known_kind_are_refused(shared):
    with serving({}) as (address, _asked), pytest.raises(Refused, match="doesn't exist"):
        open_source(f"{address}/t.csv", shared=shared)
    with pytest.raises(Refused, match="can't be read"):
        open_source("nonsense://t.csv", shared=shared)


def test_a_file_may_be_named_by_a_url(tmp_path):
    path = tmp_path / "a b.csv"
    path.write_text("id\n1\n")
    with closing(open_source(path.as_uri())) as source:
        assert (source.path, source.stem()) == (str(path), "a b")


ON_CLUSTER = ["--engine", "dask", "--scheduler", "tcp://127.0.0.1:1", "--db", "postgresql://nobody@127.0.0.1:1/none"]


@pytest.mark.parametrize(
    ("package", "options", "said"),
    [
        ("s3fs", ["s3://bucket/t.csv"], "pip install s3fs"),
        ("gcsfs", ["gs://bucket/t.csv"], "pip install gcsfs"),
        ("aiohttp", ["https://host/t.csv"], "pip install aiohttp"),
        ("fsspec", ["https://host/t.csv"], "pip install -r requirements-dask.txt"),
        ("distributed", ["t.csv", *ON_CLUSTER], "pip install -r requirements-dask.txt"),
        ("psycopg", ["t.csv", *ON_CLUSTER], "pip install -r requirements-postgres.txt"),
    ],
)
def test_a_package_that_is_missing_is_named_with_how_to_install_it(tmp_path, package, options, said):
    (tmp_path / "t.csv").write_text("id\n1\n")
    missing = f"import sys; sys.modules[{package!r}] = None; from etl.process_csv import main; sys.exit(main())"
    command = [sys.executable, "-c", missing, "--log-file", tmp_path / "load.log", *options]
    if "--db" not in options:
        command += ["--db", tmp_path / "loaded.db"]
    settings = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert said in done.stderr


@pytest.mark.parametrize("shared", [False, True])
def test_a_password_in_a_url_is_used_and_not_kept(shared):
    with serving({"/t.csv?x=1": b"id\n1\n"}) as (address, _asked):
        url = address.replace("http://", "http://anna:secret@") + "/t.csv?x=1"
        with closing(open_source(url, shared=shared)) as source:
            assert (source.path, source.stem()) == (f"{address}/t.csv?x=1", "t")
            assert source.read(0, 10) == b"id\n1\n"


def test_a_block_that_is_no_longer_the_one_that_was_cut_is_not_read(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,a\n1,x\n2,y\n")
    with closing(open_source(str(path))) as source:
        layout = sniff(b"id,a\n1,x\n2,y\n", Wishes(), complete=True)
        [block] = cut(source, layout, start_of(layout, source), 10)
        assert reread_block(source, layout, block.piece).data == block.data
        path.write_text("id,a\n1,x\n3,y\n")
        with pytest.raises(Interrupted, match="has changed"):
            reread_block(source, layout, block.piece)
