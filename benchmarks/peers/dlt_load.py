"""How dlt's users load a CSV file: the filesystem source and its CSV reader. `dlt_load.py FILE DATABASE-PATH`."""

import sys
import tempfile
from pathlib import Path

import dlt
from dlt.sources.filesystem import filesystem, read_csv

if __name__ == "__main__":
    file = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            "load_speed",
            pipelines_dir=folder,
            destination=dlt.destinations.sqlalchemy(f"sqlite:///{sys.argv[2]}"),
            dataset_name="main",
        )
        rows = filesystem(bucket_url=file.parent.as_uri(), file_glob=file.name) | read_csv(chunksize=100_000)
        pipeline.run(rows.with_name("t"), write_disposition="replace")
