"""--tasks-of: a file's rows become a user's tasks, all or none, once, and what GET /tasks exports comes back equal."""

import os
import random
import signal
import time

import pytest
from loading import Place, ended, fine
from tasking import make

FILE = """title,description,status,priority,due_at,labels
Buy milk,"two litres, fresh",pending,high,2026-12-01T10:00:00+01:00,home; shop
Write report,,in_progress,,,work
Sleep,,completed,low,,
"""


@pytest.fixture
def place(tmp_path, any_url):
    return Place(tmp_path, any_url)


@pytest.fixture
def app(make_app, any_url):
    return make_app(any_url)


def bring_in(place, content, *options, name="tasks.csv"):
    answer = place.load(content, "--tasks-of", "anna", *options, name=name)
    fine(answer)
    return answer


def tasks(client, query="?per_page=100"):
    answer = client.get(f"/tasks{query}")
    assert answer.status_code == 200
    return answer.json


def test_rows_become_tasks_in_the_order_of_the_file(place, anna):
    kept = make(anna, title="There before")
    assert bring_in(place, FILE).code == 0
    found = tasks(anna)
    assert [task["title"] for task in found] == ["Buy milk", "Write report", "Sleep", "There before"]
    milk, report, sleep = found[:3]
    assert (milk["description"], milk["priority"], milk["labels"]) == ("two litres, fresh", "high", ["home", "shop"])
    assert (milk["due_at"], milk["completed_at"]) == ("2026-12-01T09:00:00.000Z", None)
    assert (report["status"], report["priority"], report["due_at"], report["labels"]) == (
        "in_progress", "normal", None, ["work"],
    )  # fmt: skip
    assert sleep["completed_at"] == sleep["updated_at"] == sleep["created_at"]
    assert anna.get("/tasks?per_page=2").headers["X-Total-Count"] == "4"
    for query, count in (
        ("?q=litres", 1),
        ("?label=WORK", 1),
        ("?status=completed", 1),
        ("?due_after=2026-12-01T09:00:00Z", 1),
    ):
        assert len(tasks(anna, query)) == count, query
    assert anna.put(f"/tasks/{milk['id']}", json={"title": "Buy more milk"}).status_code == 200
    assert anna.delete(kept).status_code == 200
    assert "etl_staging_1" not in place.tables()


def test_a_second_run_makes_them_again_only_when_asked(place, anna):
    assert bring_in(place, FILE).code == 0
    answer = bring_in(place, FILE)
    assert (answer.code, "--if-exists append" in answer.err, answer.err.count("\n")) == (1, True, 1)
    assert len(tasks(anna)) == 3
    assert bring_in(place, FILE, "--if-exists", "append").code == 0
    assert bring_in(place, FILE, name="others.csv").code == 0
    assert len(tasks(anna)) == 9


REFUSED = [
    ("x,,someday,,,", "status: 'someday' is none of pending, in_progress, completed"),
    ("  ,,,,,", "title: there is none"),
    ("x" * 201 + ",,,,,", "title: it has 201 characters, and can have 200"),
    ("x," + "y" * 10_001 + ",,,,", "description: it has 10001 characters, and can have 10000"),
    ("x,,,soon,,", "priority: 'soon' is none of low, normal, high, urgent"),
    ("x,,,,tomorrow,", "due_at: 'tomorrow' is no time with its offset, like 2026-11-23T10:00:00Z"),
    (
        "x,,,,2026-01-01T10:00:00,",
        "due_at: '2026-01-01T10:00:00' is no time with its offset, like 2026-11-23T10:00:00Z",
    ),
    ("x,,,,," + ";".join(map(str, range(21))), "labels: there are 21, and can be 20"),
    ("x,,,,," + "y" * 41, "labels: it has 41 characters, and can have 40"),
    ("x,,,,,,surplus", "7 fields where 6 are expected"),
]


def test_rows_that_are_no_tasks_are_rejected_with_reasons(place, anna):
    content = FILE + "".join(f"{line}\n" for line, _ in REFUSED) + "Last,,,,,\n"
    answer = bring_in(place, content)
    assert answer.code == 0, answer.said
    assert [task["title"] for task in tasks(anna)] == ["Buy milk", "Write report", "Sleep", "Last"]
    found = place.rejects()
    assert [(reject[0], reject[2], reject[3]) for reject in found] == [
        (number, None, reason) for number, (_, reason) in enumerate(REFUSED, start=5)
    ]
    assert place.account() == (14, 4, 10)


def test_with_strict_none_is_made_where_one_is_rejected(place, anna):
    assert bring_in(place, FILE + "x,,someday,,,\n", "--strict").code == 3
    assert tasks(anna) == []


@pytest.mark.parametrize(
    ("content", "options", "code", "said"),
    [
        (FILE, ["--tasks-of", "nobody"], 1, "There is no user 'nobody'."),
        ("title,colour\nx,y\n", [], 1, "Tasks have no column 'colour'"),
        ("name,status\nx,pending\n", [], 1, "Tasks have no column 'name'"),
        ("status,priority\npending,low\n", [], 1, "The file has no column title"),
        (FILE, ["--table", "t"], 2, "--tasks-of can't be given together with --table."),
        (FILE, ["--if-exists", "replace"], 2, "--tasks-of can't be given together with --if-exists replace."),
    ],
)
def test_what_can_not_be_done_is_one_sentence(place, anna, content, options, code, said):
    answer = bring_in(place, content, *options)
    assert (answer.code, said in answer.err, answer.err.count("\n")) == (code, True, 1), answer.said
    assert tasks(anna) == []


HOSTILE = [
    *("=1+1", "'=1+1", "''=1", "'", "-5", "+49 30", "@x", "＝x", '"quoted"', 'a "b" c', "back\\slash\\", '\\"'),
    *("a,b;c\td|e", "two\nlines", "two\r\nlines", "cr\rline", "NULL", "NA", "null", "0", "007", "1,5", "true", "'='"),
    *("<script>", "\u202eabc", "é\U0001f600", "x" * 200, "title", "id,title", "#comment", "--", "sep=;"),
]
DESCRIPTIONS = [
    "",
    " leading",
    "trailing ",
    "\n",
    "\n\n",
    "\t=1",
    "\r=1",
    "x" * 10_000,
    " ",
    '"',
    '""',
    "'",
    "\\",
    "\\\n",
    ",",
]
LABELS = [[], ["a"], ["a;b", "c"], ['"x"', "=1", "'=2"], ["=1;2"], ["a\nb", "é"], ["a\rb"], ["'"], ["-1"], ["x" * 40]]
LABELS.append(list("abcdefghijklmnopqrst"))


def without_ids(found):
    return [{name: value for name, value in task.items() if name != "id"} for task in found]


def test_what_is_exported_comes_back_equal(place, app, anna, sign_up):
    draw = random.Random(3)
    texts = HOSTILE + ["".join(draw.choices("ab'\"\\=;,\n\r\t -+é", k=draw.randint(1, 30))) for _ in range(120)]
    for number, title in enumerate(texts):
        if not title.strip():
            continue
        make(
            anna, title=title, description=(DESCRIPTIONS + texts)[number], labels=LABELS[number % len(LABELS)],
            status=("pending", "in_progress", "completed")[number % 3], priority=("low", "urgent")[number % 2],
            due_at=(None, "2026-12-01T10:00:00.123Z")[number % 2],
        )  # fmt: skip
    anna.put("/tasks/1", json={"title": "changed"})
    exported = anna.get("/tasks", headers={"Accept": "text/csv"}).data
    berta = sign_up(app, "berta")
    answer = place.load(exported, "--tasks-of", "berta", name="export.csv")
    assert (answer.code, place.rejects()) == (0, []), answer.said
    ndjson = {"Accept": "application/x-ndjson"}
    both = [client.get("/tasks", headers=ndjson).text.splitlines() for client in (anna, berta)]
    both = [without_ids([app.json.loads(line) for line in lines]) for lines in both]
    assert both[0] == both[1]
    assert berta.get("/tasks", headers={"Accept": "text/csv"}).data.count(b"\n") == exported.count(b"\n")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_killed_run_goes_on_and_makes_each_task_once(place, anna, seed):
    """Killed at some instant, again and again, until one run gets through."""
    content = "title,labels\n" + "".join(f"Task {number},a;b{number}\n" for number in range(8_000))
    path = place.write(content, "tasks.csv")
    draw = random.Random(seed)
    options = ["--tasks-of", "anna", "--chunk-size", "400", "--workers", "1"]
    for _ in range(4):
        process = place.start(path, *options)
        time.sleep(draw.uniform(0.4, 2))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        answer = ended(process)
        assert "Traceback" not in answer.said
        place.wait_until_unlocked()
        count = int(anna.get("/tasks?per_page=1").headers["X-Total-Count"])
        assert count in (0, 8_000)
        if count:
            break
    else:
        assert ended(place.start(path, *options)).code == 0
    assert place.load(path, *options).code == 1  # they are there
    titles = [title for (title,) in place.query("SELECT title FROM tasks ORDER BY id DESC")]
    assert titles == [f"Task {number}" for number in range(8_000)]
    assert place.query("SELECT count(*), count(DISTINCT task_id) FROM task_labels") == [(16_000, 8_000)]
    assert place.staging() == set()
