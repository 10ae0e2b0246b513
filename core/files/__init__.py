"""Tables in files: CSV, TSV, JSONL and Parquet, plain or gzipped, read and written in chunks."""

from core.files.columns import ColumnMap, find_columns
from core.files.formulas import harmless
from core.files.kinds import Kind, kind_of
from core.files.table import BadRow, Batch, Preview, Table, open_table, preview

__all__ = [
    "BadRow",
    "Batch",
    "ColumnMap",
    "Kind",
    "Preview",
    "Table",
    "find_columns",
    "harmless",
    "kind_of",
    "open_table",
    "preview",
]
