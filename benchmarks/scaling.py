"""The rates that docs/scaling.md computes with: `python benchmarks/scaling.py postgresql://... [clean] [dirty]`.

For each kind of file: how fast the client finds where blocks end (best of 3) and one worker reads and cleans them, both
in MB a second of one core's time, and how fast one connection's COPY takes them (best of 3), in MB of the file.
The database is left as it was.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from sqlalchemy import Connection, Engine, Table  # noqa: E402

from database import database_url, open_engine  # noqa: E402
from etl.blocks import cut, start_of  # noqa: E402
from etl.options import Options  # noqa: E402
from etl.plan import Plan, make_plan  # noqa: E402
from etl.prepare import judged  # noqa: E402
from etl.source import Source, open_source  # noqa: E402
from etl.write import postgresql, table_for  # noqa: E402

ROWS = 500_000
ROWS_AT_ONCE = 100_000


def main() -> None:
    engine = open_engine(database_url(sys.argv[1]))
    print("| file | MB | blocks | cut | read and clean | COPY |\n|---|--:|--:|--:|--:|--:|")
    for kind in sys.argv[2:] or ("clean", "dirty"):
        path = HERE / "data" / f"{kind}-{ROWS}.csv"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            subprocess.run([sys.executable, str(HERE / "make_data.py"), kind, str(ROWS), str(path)], check=True)
        measure(engine, kind, path)
    engine.dispose()


def measure(engine: Engine, kind: str, path: Path) -> None:
    with closing(open_source(str(path))) as source:
        plan = make_plan(source, Options(str(path)), kind)
        cutting = min(seconds_to_cut(source, plan) for _round in range(3))
        blocks = list(cut(source, plan.layout, start_of(plan.layout, source), ROWS_AT_ONCE))
        table = table_for(plan.schema, "scaling_benchmark", "postgresql")
        began = time.process_time()
        packed = [postgresql.pack(judged(block, plan, postgresql)[0].rows, table, Path()) for block in blocks]
        cleaning = time.process_time() - began
        size = source.size / 1e6
    with engine.connect() as connection:
        copying = min(copied(connection, table, packed) for _round in range(3))
    rates = (size / seconds for seconds in (cutting, cleaning, copying))
    print(f"| {kind} | {size:.0f} | {len(blocks)} | {' | '.join(f'{rate:,.0f}' for rate in rates)} |")


def seconds_to_cut(source: Source, plan: Plan) -> float:
    """As the client does it, which keeps no block."""
    began = time.process_time()
    for _block in cut(source, plan.layout, start_of(plan.layout, source), ROWS_AT_ONCE):
        pass
    return time.process_time() - began


def copied(connection: Connection, table: Table, packed: list[postgresql.Packed]) -> float:
    with connection.begin() as transaction:
        table.create(connection)
        began = time.perf_counter()
        for block in packed:
            postgresql.take(connection, table, block)
        seconds = time.perf_counter() - began
        transaction.rollback()
    return seconds


if __name__ == "__main__":
    main()
