"""How pandas' users load a CSV file: read_csv in chunks, to_sql. `pandas_to_sql.py FILE DATABASE-URL`."""

import sys

import pandas as pd
from sqlalchemy import create_engine

if __name__ == "__main__":
    engine = create_engine(sys.argv[2])
    for number, chunk in enumerate(pd.read_csv(sys.argv[1], chunksize=100_000)):
        chunk.to_sql("t", engine, if_exists="append" if number else "replace", index=False)
