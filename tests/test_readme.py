"""README's commands and outputs are true: they are read from it and run."""

import os
import re
import subprocess
import sys
from pathlib import Path

from etl import process_csv

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(heading: str, language: str) -> list[str]:
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", section, flags=re.DOTALL)


def run(script: str, folder: Path, **settings: str) -> str:
    """What a script of README prints. Its `.venv/bin/python` is this one, its project folder the project."""
    script = script.replace(".venv/bin/python ", f"{sys.executable} ").replace(
        " etl/process_csv.py", f" {ROOT}/etl/process_csv.py"
    )
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder, env={**os.environ, **settings}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_csv_session_prints_what_readme_says(tmp_path):
    script, said = blocks("A CSV file in one session", "sh")[0], blocks("A CSV file in one session", "text")[0]
    printed = run(script, tmp_path)
    volatile = re.compile(r"in [\d.]+ s \(.*?\)")
    assert volatile.sub("", printed) == volatile.sub("", said)


def test_the_api_session_runs_as_written(tmp_path, serve):
    server = serve()
    script = blocks("The API in one session", "sh")[0].replace(
        "http://127.0.0.1:5000", f"http://127.0.0.1:{server.port}"
    )
    printed = run(script, tmp_path)
    for body in ("User created successfully", "Task created successfully", "Task updated successfully",
                 "Task deleted successfully"):  # fmt: skip
        assert f'{{"message":"{body}"}}' in printed.replace('": "', '":"')


def test_every_option_of_the_loader_stands_in_readme():
    section = README.split("\n## Options of the loader\n")[1].split("\n## ")[0]
    options = {option for action in process_csv.parser()._actions for option in action.option_strings}
    missing = {option for option in options if option not in ("-h", "--help") and f"`{option}" not in section}
    assert not missing
    assert not set(re.findall(r"`(--[a-z-]+)", section)) - options


def test_every_file_that_readme_names_is_there():
    named = set(re.findall(r"^(\w+\.py|\w+/) ", README, flags=re.MULTILINE)) | set(
        re.findall(r"\]\(([\w/.]+)\)", README)
    )
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_file_of_the_loader_stands_in_readme():
    section = (
        README.split("\n## Where things are\n")[1].split("\n## ")[0].split("\netl/ ")[1].split("\nmigrations/ ")[0]
    )
    there = {str(path.relative_to(ROOT / "etl")) for path in ROOT.glob("etl/**/*.*") if "__pycache__" not in str(path)}
    assert sorted(re.findall(r"[\w/]+\.(?:py|html)\b", section)) == sorted(there - {"__init__.py"})


def test_every_test_that_a_guarantee_names_is_there():
    named = re.findall(r"`(?:tests/)?(test_\w+\.py)::(\w+)", (ROOT / "docs/guarantees.md").read_text(encoding="utf-8"))
    assert len(named) > 20
    sources = {file: (ROOT / "tests" / file).read_text(encoding="utf-8") for file, _ in named}
    assert [f"{file}::{name}" for file, name in named if f"def {name}(" not in sources[file]] == []
