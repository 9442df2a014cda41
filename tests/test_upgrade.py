"""A later version starts beside the one that serves, and brings the tables up to date while clients write."""

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest
from conftest import PASSWORD, ROOT, free_port, serving
from firing import lost, no_error, sign_up, wait_for_writes, writing_clients
from sqlalchemy import text

from database import applied_revisions, branch_head, database_url, migrate, open_engine, writing
from web.extensions import db

QUIET = {"RATELIMIT_ENABLED": "false", "ACCESS_LOG": "false"}
NEXT = "api_9999"
# What a migration may do: see docs/deploy.md.
REVISION = f"""
import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{branch_head("api")}"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("users", sa.Column("colour", sa.Text(), nullable=True))
    op.add_column("tasks", sa.Column("effort", sa.Integer(), server_default="1", nullable=False))
    op.create_index("ix_tasks_effort", "tasks", ["user_id", "effort"])
    op.create_table("projects", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.Text()))
"""


@pytest.fixture
def next_version(tmp_path):
    """A checkout of the version after this one, which has one more revision."""
    project = tmp_path / "next"
    for name in ("web", "etl", "migrations"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.glob("*.py"):
        shutil.copy(file, project)
    (project / "migrations/versions" / f"{NEXT}.py").write_text(REVISION)
    return project


def revisions_in(url):
    engine = open_engine(database_url(url))
    try:
        return applied_revisions(engine)
    finally:
        engine.dispose()


@pytest.mark.parametrize(("revision", "status"), [("api_0001", 503), (branch_head("api"), 200), (NEXT, 200)])
def test_it_is_ready_with_its_own_tables_and_with_later_ones(app, client, revision, status):
    with app.app_context(), writing(db.engine) as connection:
        there = text("UPDATE alembic_version SET version_num = :revision WHERE version_num LIKE 'api%'")
        connection.execute(there, {"revision": revision})
    assert client.get("/readyz").status_code == status


def test_a_migration_that_is_done_stays_done_when_the_next_one_fails(any_url, next_version):
    engine = open_engine(database_url(any_url))
    migrate(engine, "api")
    engine.dispose()
    failing = REVISION.replace(branch_head("api"), NEXT).replace(f'revision = "{NEXT}"', f'revision = "{NEXT}9"', 1)
    (next_version / "migrations/versions" / f"{NEXT}9.py").write_text(failing)  # what it adds is there already
    settings = {**os.environ, "DATABASE_URL": any_url, "PORT": str(free_port())}
    starting = subprocess.run([sys.executable, "main.py"], cwd=next_version, env=settings, capture_output=True)
    assert (starting.returncode, b"colour" in starting.stderr) == (1, True)
    assert NEXT in revisions_in(any_url)


@pytest.mark.slow
def test_the_next_version_migrates_beside_clients_that_write(serve, any_url, next_version, tmp_path):
    old = serve("--workers", "2", **QUIET, DATABASE_URL=any_url)
    token = sign_up(old)
    with writing_clients(old, token, 4) as writers, serving(tmp_path, any_url, next_version) as serve_next:
        wait_for_writes(writers, 50)
        new = serve_next("--workers", "1", **QUIET)
        assert NEXT in revisions_in(any_url)
        wait_for_writes(writers, 50)
        with writing_clients(new, token, 2) as newcomers:
            wait_for_writes(writers + newcomers, 50)
            account = sign_up(old)  # what reads and writes every table
            assert old.ask("DELETE", "/me", {"password": PASSWORD}, account)[0] == 200
        assert no_error(writers)
        assert no_error(newcomers)
        [worker, _] = old.workers()
        os.kill(worker, signal.SIGKILL)  # the one that takes its place meets tables that are newer than it
        wait_for_writes(writers, 50)
    assert lost(any_url, [*writers, *newcomers]) == []
    assert old.ask("GET", "/readyz")[0] == 200


@pytest.mark.slow
def test_a_table_that_somebody_reads_for_long_is_migrated_later_and_nobody_waits(
    serve, postgresql_url, next_version, tmp_path
):
    """As a back-up does. A statement that waits for the table would keep all others waiting behind it."""
    old = serve("--workers", "2", **QUIET, DATABASE_URL=postgresql_url)
    with (
        writing_clients(old, sign_up(old), 4) as writers,
        serving(tmp_path, postgresql_url, next_version) as serve_next,
        ThreadPoolExecutor() as beside,
    ):
        with closing(psycopg.connect(postgresql_url)) as back_up:
            back_up.execute("SELECT count(*) FROM users")
            began = time.monotonic()
            starting = beside.submit(serve_next, "--workers", "1", **QUIET)
            time.sleep(12)
            wait_for_writes(writers, 20)
            assert NEXT not in revisions_in(postgresql_url)
            lasted = time.monotonic() - began
        starting.result()
        assert NEXT in revisions_in(postgresql_url)
        wait_for_writes(writers, 50)
    assert no_error(writers)
    assert max(writer.longest for writer in writers) < lasted / 3
    assert lost(postgresql_url, writers) == []
