"""Who may import whom: the two halves meet only in rows, and the cleaning knows no database."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLASK = ("flask", "flask_sqlalchemy", "flask_jwt_extended", "werkzeug")
RULES = [
    ("models.py", ("web", "etl", "main", "pandas", *FLASK)),
    ("task_rules.py", ("web", "etl", "main", "pandas", "sqlalchemy", *FLASK)),
    ("database.py", ("web", "etl", "main", "pandas", *FLASK)),
    ("pieces.py", ("web", "etl", "main", "pandas", *FLASK)),
    ("turns.py", ("web", "etl", "main", "pandas", "sqlalchemy", *FLASK)),
    ("etl/**/*.py", ("web", "main", *FLASK)),
    ("web/**/*.py", ("etl", "main", "pandas")),
    ("etl/rules.py", ("sqlalchemy", "dask", "distributed")),
    ("etl/numerals.py", ("sqlalchemy", "dask", "distributed")),
    ("etl/moments.py", ("sqlalchemy", "dask", "distributed")),
    ("etl/clean.py", ("sqlalchemy", "dask", "distributed")),
    ("etl/infer.py", ("sqlalchemy", "dask", "distributed")),
]


def imported(path):
    """Every module that the file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(("files", "forbidden"), RULES)
def test_files_import_nothing_from_where_they_must_not(files, forbidden):
    there = list(ROOT.glob(files))
    assert there
    found = {
        f"{path.relative_to(ROOT)} imports {module}"
        for path in there
        for module in imported(path)
        if module.split(".")[0] in forbidden
    }
    assert found == set()


def test_nothing_of_the_api_imports_a_resource():
    files = list((ROOT / "web").glob("*.py"))
    resources = {f"web.{path.stem}" for path in files if "\nbp = Blueprint(" in path.read_text()}
    assert {"web.accounts", "web.tasks", "web.health"} <= resources
    found = {
        f"{path.name} imports {module}"
        for path in files
        for module in imported(path)
        if module in resources or module.rpartition(".")[0] in resources
    }
    assert found == set()


def test_nobody_imports_main_or_the_command_line():
    alone = [ROOT / name for name in ("models.py", "database.py", "turns.py", "pieces.py")]
    files = [*alone, *ROOT.glob("web/**/*.py"), *ROOT.glob("etl/**/*.py")]
    found = {
        f"{path.relative_to(ROOT)} imports {module}"
        for path in files
        for module in imported(path)
        if module.split(".")[0] == "main" or "process_csv" in module.split(".")
    }
    assert found == set()
