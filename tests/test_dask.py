"""Loads on a cluster: a real scheduler, real workers, a real PostgreSQL, and the same table as one machine makes."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import free_port
from distributed import Client
from loading import HANGS_AFTER, ROOT, ended, fine
from serving_files import serving
from test_load_kill import CONTENT, OLD, Killing, undisturbed  # noqa: F401 - a fixture
from test_load_modes import CASES, WORD, loaded_case, loaded_with_two_unique_columns
from test_report import profile_of, same_but_sketches

from etl import dask_engine
from etl.problems import Contradicted, Superseded

pytestmark = pytest.mark.slow


class Cluster:
    """A scheduler and workers in processes of their own, started in the project's folder as docs/scaling.md says."""

    def __init__(self, folder: Path, project: Path = ROOT) -> None:
        self.folder, port = folder, free_port()
        self.address = f"tcp://127.0.0.1:{port}"
        self.scheduler = self._start("dask_scheduler", "--host", "127.0.0.1", "--port", port, folder=project)
        self.workers: list[subprocess.Popen] = []

    def complete(self) -> None:
        """Two workers again, whatever became of them."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < 2:
            self.add_worker()
        self.wait()

    def add_worker(self, project: Path = ROOT) -> None:
        options = ["--host", "127.0.0.1", "--nthreads", 1, "--memory-limit", 0, "--local-directory", self.folder]
        self.workers.append(self._start("dask_worker", self.address, "--no-nanny", *options, folder=project))

    def wait(self) -> None:
        """Until all answer, however slow the machine is: a load waits for seconds only."""
        with Client(self.address, timeout=HANGS_AFTER, set_as_default=False) as client:
            client.wait_for_workers(len(self.workers), timeout=HANGS_AFTER)

    def _start(self, program: str, *options: object, folder: Path = ROOT) -> subprocess.Popen:
        command = [sys.executable, "-m", f"distributed.cli.{program}", "--no-dashboard", *map(str, options)]
        with (self.folder / f"{program}.log").open("a") as log:
            return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)

    def end(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    yield made
    made.end()


@pytest.fixture
def there(cluster):
    """The options that load on the cluster."""
    cluster.complete()
    return ["--engine", "dask", "--scheduler", cluster.address]


@pytest.fixture
def place(tmp_path, postgresql_url):
    return Killing(tmp_path, postgresql_url)


def as_on_one_machine(place, alone):
    """Another database writes types in other words; all else is the same."""
    found, (expected, _took) = place.everything(), alone
    for what in ("account", "rows", "rejects"):
        assert found[what] == expected[what]
    place.assert_nothing_left()


# ---- the same table ----


@pytest.mark.parametrize("case", CASES)
def test_a_cluster_makes_the_table_that_one_machine_makes(place, there, case):
    one_machine, cluster = (loaded_case(place, case, *options) for options in (["--workers", 1], there))
    assert cluster == one_machine


@pytest.mark.parametrize("case", ["types", "ragged", "a key that repeats in many blocks"])
def test_a_cluster_finds_the_profile_that_one_worker_finds(place, there, case):
    options = ["--report", place.folder / "r.html", "--chunk-size", 1000, "--if-exists", "replace", "--quiet"]
    options += ["--primary-key", "id"]
    found = []
    for more in (["--workers", 1], there):
        fine(place.load(CASES[case], *options, *more))
        found.append(profile_of(place))
    same_but_sketches(*found)
    assert found[0]["rows"] == place.account()[1] > 0


def test_the_row_that_comes_first_in_the_file_keeps_a_value_that_may_not_repeat(place, there):
    one_machine, cluster = (loaded_with_two_unique_columns(place, *options) for options in (["--workers", 1], there))
    assert cluster == one_machine


# ---- exactly once ----


def test_a_task_that_is_run_twice_commits_once_and_one_of_an_old_plan_never(place, there, monkeypatch):
    class Doubling(dask_engine.DaskExecutor):
        """Gives every task to the cluster twice, and those of a plan that was given up once more under the next."""

        submitted, twins, late = [], [], []

        def committed(self, blocks, job, size):
            self.late += [super(Doubling, self)._submit(*task) for task in self.submitted]
            self.submitted.clear()
            return super().committed(blocks, job, size)

        def _submit(self, task, *arguments):
            if task is dask_engine.load_block:
                self.submitted.append((task, *arguments))
                self.twins.append(super()._submit(task, *arguments))
            return super()._submit(task, *arguments)

        def close(self):
            self.answers = [twin.result() for twin in self.twins]
            Doubling.outcomes = self.answers, [future.result() for future in self.late]
            super().close()

    monkeypatch.setattr(dask_engine, "DaskExecutor", Doubling)
    content = CASES["types"]
    answer = place.load(content, "--primary-key", "id", "--chunk-size", 500, *there)
    fine(answer)
    assert answer.code == 0, answer.said
    twins, late = Doubling.outcomes
    assert place.account() == (40_000, 40_000, 0)
    assert place.query("SELECT count(*), count(DISTINCT id) FROM t") == [(40_000, 40_000)]
    assert sum(isinstance(twin, dask_engine.Done) for twin in twins) > 40
    assert len(late) > 20
    assert {type(outcome) for outcome in late} == {Superseded, Contradicted}, "the one is the block that contradicts"
    place.assert_nothing_left()


# ---- what breaks down ----


def test_a_worker_that_is_killed_is_survived(place, cluster, there, undisturbed):  # noqa: F811
    place.write(CONTENT)
    process = place.begin(*there)
    place.wait_for_blocks(process)
    cluster.workers[0].kill()
    cluster.workers[0].wait()
    answer = ended(process)
    fine(answer)
    assert answer.code == 0, answer.said
    as_on_one_machine(place, undisturbed)


def cut_off(place, process, how=signal.SIGKILL):
    """The client is ended; what it had handed out may go on for a moment."""
    process.send_signal(how)
    answer = ended(process)
    place.wait_until_unlocked()
    return answer


def test_the_client_is_killed_and_the_same_command_ends_with_the_same_table(place, there, undisturbed):  # noqa: F811
    place.write(OLD)
    place.load(place.folder / "t.csv", "--primary-key", "id", "--quiet")
    place.write(CONTENT)
    for blocks in (3, 12):
        process = place.begin(*there)
        place.wait_for_blocks(process, blocks)
        cut_off(place, process)
        assert place.query("SELECT word FROM t") == [("old",)]
    place.finish(*there)
    assert place.log.read_text().count("goes on behind block") == 2
    as_on_one_machine(place, undisturbed)


def test_a_client_that_is_asked_to_stop_says_so_in_one_line_and_goes_on_later(place, there, undisturbed):  # noqa: F811
    place.write(CONTENT)
    process = place.begin(*there)
    place.wait_for_blocks(process)
    answer = cut_off(place, process, signal.SIGTERM)
    fine(answer)
    assert answer.code == 130
    assert answer.err.count("\n") == 1, answer.err
    place.finish(*there)
    as_on_one_machine(place, undisturbed)


def test_gaps_between_committed_blocks_are_filled_whatever_size_blocks_have_now(place, there):
    rows = [(n, f"{WORD} {n}") for n in range(20_000)]
    place.write("id,word\n" + "".join(f"{n},{word}\n" for n, word in rows))
    process = place.begin(*there)
    place.wait_for_blocks(process, 8)
    cut_off(place, process)
    [(load,)] = place.query("SELECT id FROM etl_loads WHERE state = 'loading'")
    lost = "SELECT number, first_row, rows_read FROM etl_blocks WHERE load_id = ? AND number IN (2, 4, 5)"
    for number, first, count in place.query(lost, load):
        place.execute(
            f"DELETE FROM etl_staging_{load} WHERE id BETWEEN {first - 1} AND {first + count - 2}",
            f"DELETE FROM etl_blocks WHERE load_id = {load} AND number = {number}",
        )
    place.finish("--chunk-size", "300", *there)
    assert re.search("[2-9] gaps before it are to be filled", place.log.read_text())
    assert place.rows() == rows
    assert place.account() == (20_000, 20_000, 0)
    place.assert_nothing_left()


# ---- sources ----


def test_workers_read_a_url_each_its_part(place, there):
    content = CASES["types"]
    with serving({"/some/t.csv": content.encode()}) as (address, asked):
        answer = place.load(content, "--table", "expected", "--primary-key", "id", "--quiet")
        assert answer.code == 0, answer.said
        answer = _loaded(place, f"{address}/some/t.csv", "--primary-key", "id", "--chunk-size", 5000, *there)
        assert answer.code == 0, answer.said
        assert all(asked), "somebody asked for the whole file"
    assert place.rows() == place.rows("expected")


def _loaded(place, source, *options):
    answer = ended(place.start(source, *options))
    fine(answer)
    return answer


def test_a_server_that_gives_whole_files_only_is_one_line(place, there):
    with serving({"/t.csv": CASES["types"].encode()}, parts=False) as (address, _asked):
        answer = _loaded(place, f"{address}/t.csv", *there)
    assert (answer.code, answer.err.count("\n")) == (1, 1)
    assert "can't be read in parts" in answer.err


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "is compressed (gzip)"),
        ("t.csv", "id,a\n1,x\n".encode("utf-16"), "is utf-16"),
        ("-", b"id,a\n1,x\n", "Standard input"),
    ],
)
def test_what_workers_cannot_read_as_it_stands_is_one_line(place, there, name, content, said):
    source = name if name == "-" else place.write(content, name)
    answer = ended(place.start(source, *there, stdin=subprocess.PIPE), content)
    fine(answer)
    assert (answer.code, answer.err.count("\n")) == (1, 1)
    assert said in answer.err


def test_a_scheduler_that_does_not_answer_is_one_line(place, monkeypatch):
    monkeypatch.setattr(dask_engine, "CONNECT", 1)
    answer = place.load("id,a\n1,x\n", "--engine", "dask", "--scheduler", f"tcp://127.0.0.1:{free_port()}")
    fine(answer)
    assert (answer.code, answer.err.count("\n")) == (1, 1)
    assert "No Dask scheduler answers" in answer.err
    assert place.tables() == set()


@pytest.mark.parametrize("which", ["scheduler", "worker"])
def test_a_cluster_that_has_not_the_project_is_one_line(place, tmp_path, which):
    there = Cluster(tmp_path, tmp_path if which == "scheduler" else ROOT)
    try:
        there.add_worker(tmp_path if which == "worker" else ROOT)
        there.wait()
        answer = place.load("id,a\n1,x\n", "--engine", "dask", "--scheduler", there.address)
    finally:
        there.end()
    fine(answer)
    assert (answer.code, answer.err.count("\n")) == (1, 1)
    assert f"{which} at" in answer.err
    assert "start it in the project's folder" in answer.err
    assert place.tables() <= {"etl_loads", "etl_blocks", "etl_rejects", "alembic_version", *place.staging()}
