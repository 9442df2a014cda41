"""The database: which one it is, and how several processes bring its tables up to date."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

import database
from database import (
    DatabaseSettingError,
    applied_revisions,
    database_url,
    migrate,
    open_engine,
    sqlite_path,
    take_over_wal,
    writing,
)
from models import API_TABLES, LOADER_TABLES, SEARCH_TABLES, Base

ROOT = Path(database.__file__).parent
# What SQLAlchemy has no word for.
MADE_BY_HAND = {*SEARCH_TABLES, "ix_tasks_search"}
MIGRATE = """
import sys
from database import database_url, migrate, open_engine
engine = open_engine(database_url(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
migrate(engine, sys.argv[2])
"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgres://u@h/d", "postgresql+psycopg://u@h/d"),
        ("postgresql://u@h/d", "postgresql+psycopg://u@h/d"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg://u@h/d"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
        ("/tmp/x.db", "sqlite:////tmp/x.db"),
    ],
)
def test_each_way_to_write_a_database_means_the_same_one_to_both_halves(given, expected):
    assert str(database_url(given)) == expected


def test_relative_sqlite_paths_are_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert database_url("sqlite:///x.db").database == str(tmp_path / "x.db")
    assert database_url("x.db").database == str(tmp_path / "x.db")


def test_the_default_is_one_file_of_the_project_wherever_the_command_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert database_url().database == str(ROOT / "instance" / "taskmill.db")


@pytest.mark.parametrize("given", ["mysql://u@h/d", "sqlite://", "sqlite:///:memory:", "nonsense://", "://"])
def test_what_is_no_usable_database_is_refused_with_a_sentence(given):
    with pytest.raises(DatabaseSettingError, match=r"\.$"):
        database_url(given)


@pytest.fixture
def engine(any_url):
    engine = open_engine(database_url(any_url))
    yield engine
    engine.dispose()


def test_models_and_migrations_agree(engine):
    for branch in ("api", "loader"):
        migrate(engine, branch)
    with engine.connect() as connection:
        options = {"compare_type": True, "include_object": lambda _, name, *__: name not in MADE_BY_HAND}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.parametrize(("branch", "tables"), [("api", API_TABLES), ("loader", LOADER_TABLES)])
def test_each_half_makes_its_own_tables_alone(engine, branch, tables):
    migrate(engine, branch)
    elsewhere = SEARCH_TABLES if engine.dialect.name == "postgresql" else ()
    assert set(inspect(engine).get_table_names()) == {"alembic_version", *tables} - set(elsewhere)


@pytest.mark.slow
def test_processes_that_start_at_the_same_instant_make_the_tables_once(any_url):
    command = [sys.executable, "-c", MIGRATE, any_url]
    started = [
        subprocess.Popen([*command, branch], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for branch in ("api", "loader", "api", "loader")
    ]
    for process in started:
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        process.communicate()
    assert [process.returncode for process in started] == [0, 0, 0, 0]
    engine = open_engine(database_url(any_url))
    assert {revision.partition("_")[0] for revision in applied_revisions(engine)} == {"api", "loader"}
    engine.dispose()


def test_a_writing_transaction_waits_for_the_one_before_it(sqlite_url, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    engine = open_engine(database_url(sqlite_url))
    with writing(engine), pytest.raises(Exception, match="database is locked"), writing(engine):
        pass
    engine.dispose()


def test_a_failed_transaction_leaves_nothing(engine):
    with pytest.raises(ZeroDivisionError), writing(engine) as connection:
        connection.execute(text("CREATE TABLE t (a integer)"))
        raise ZeroDivisionError
    assert not inspect(engine).has_table("t")


WITHOUT_DRIVER = """
import sys
sys.modules["psycopg"] = None
import main
if sys.argv[1].startswith("postgresql"):
    sys.argv[1:], main.os.environ["DATABASE_URL"] = [], sys.argv[1]
    sys.exit(main.main())
app = main.create_app({"DATABASE_URL": sys.argv[1], "JWT_SECRET_KEY": "k" * 40})
sys.exit(app.test_client().get("/readyz").status_code != 200)
"""


@pytest.mark.parametrize(("url", "code"), [("there.db", 0), ("postgresql://anna@127.0.0.1/none", 1)])
def test_the_driver_of_postgresql_is_needed_for_postgresql_alone(tmp_path, url, code):
    url = str(tmp_path / url) if code == 0 else url
    command = [sys.executable, "-c", WITHOUT_DRIVER, url]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert ("pip install -r requirements-postgres.txt" in done.stderr) == (code == 1)


def test_the_wal_is_taken_over_beside_a_writer_and_a_full_disk_is_no_failure(sqlite_url):
    engine = open_engine(database_url(sqlite_url))
    migrate(engine, "api")
    path = sqlite_path(engine.url)
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE large AS SELECT zeroblob(1000000) AS content")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, hard))
    try:
        take_over_wal(engine)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE another (n INTEGER)")
        take_over_wal(engine)
        assert path.stat().st_size > 1_000_000
    engine.dispose()
