"""A table as Parquet, with one type a column whatever the rows hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from presight.report.atomic import write_atomically

Kind = Literal["number", "whole", "flag", "text", "list"]


def parquet_is_there() -> bool:
    """Whether the extra ``presight[parquet]`` is installed."""
    return find_spec("pyarrow") is not None


def write_parquet(
    path: Path, columns: Mapping[str, Kind], rows: Iterable[Mapping[str, object]]
) -> None:
    """Write rows; what is unknown is null, and a list is a list.

    Parameters
    ----------
    path : Path
    columns : mapping of str to Kind
        Name and kind of each column, in order.
    rows : iterable of mapping
        A column that is not in a row is null there.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    import pyarrow as pa  # noqa: PLC0415 (an extra)
    import pyarrow.parquet as pq  # noqa: PLC0415

    types: dict[str, Any] = {
        "number": pa.float64(),
        "whole": pa.int64(),
        "flag": pa.bool_(),
        "text": pa.string(),
        "list": pa.list_(pa.string()),
    }
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
    picked = [{name: _cell(row.get(name), kind) for name, kind in columns.items()} for row in rows]
    table = pa.Table.from_pylist(picked, schema=schema)
    write_atomically(path, lambda file: pq.write_table(table, file))


def _cell(value: object, kind: Kind) -> object:
    if value is None or kind not in ("text", "list"):
        return value
    if kind == "list":
        return [str(item) for item in value] if isinstance(value, list | tuple) else [str(value)]
    return str(value)
