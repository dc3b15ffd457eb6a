"""Items as tables: rows with one fixed set of columns, files, Arrow, data frames.

For example:

    await tables.write_csv(soracom.sims.list(), "fleet.csv", columns=["sim_id", "tags.name", "session_status.online"])
"""

from __future__ import annotations

from .arrow import RecordBatches, batches, to_arrow, write_parquet
from .columns import Column, Kind, columns
from .excel import write_excel
from .frames import to_pandas, to_polars
from .local_days import local_days
from .rows import rows
from .text_files import write_csv, write_jsonl

__all__ = [
    "Column",
    "Kind",
    "RecordBatches",
    "batches",
    "columns",
    "local_days",
    "rows",
    "to_arrow",
    "to_pandas",
    "to_polars",
    "write_csv",
    "write_excel",
    "write_jsonl",
    "write_parquet",
]
