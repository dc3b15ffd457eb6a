"""Analysis: SQL over the operator's data, and its result as a file."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any

from ...domain.dates import month_of
from ...domain.tables import TABLES, TYPES
from ...protocol.errors import Refusal
from ...service.call import Call
from .. import handles

if TYPE_CHECKING:
    from ...state.collections import Record

KIND = "analysis query"
_STATE_ENDS_MS = ((1000, "STARTING"), (4000, "RUNNING"), (6000, "EXPORTING"))
"""How long after the start of a query a state ends."""


def _column(name: str, kind: str) -> Record:
    return {"name": name, "databaseType": kind, "type": TYPES[kind]}


@handles("getAnalysisSchemas")
def schemas(call: Call) -> Any:
    """Return the tables."""
    return [
        {
            "name": name,
            "columnInfo": [
                _column(column, kind) | {"description": description}
                for column, (kind, description) in table.columns.items()
            ],
        }
        for name, table in TABLES.items()
    ]


@handles("startAnalysisQueries")
def start(call: Call) -> Any:
    """Start a query: it runs over the present data; its result is shown some time later."""
    from ...domain.queries import query  # with SQLite, which takes a megabyte, and which few programs need

    sql, begin, end = call.required("sql"), call.body.get("from"), call.body.get("to")
    if not sql.strip():
        raise Refusal.invalid("{0} is empty", "body.sql")
    if begin is not None and end is not None and begin > end:
        raise Refusal.invalid("{0} is later than {1}", "body.from", "body.to")
    milliseconds = (None if each is None else each * 1000 for each in (begin, end))
    columns, rows = query(call.operator, sql, call.now, *milliseconds)
    lines = "".join(json.dumps(row, ensure_ascii=False, default=bytes.hex) + "\n" for row in rows).encode()
    query_id = call.world.uuid()
    call.collection(KIND)[query_id] = {
        "started": call.now,
        "columnInfo": [_column(name, kind) for name, kind in columns.items()],
        "rowCount": len(rows),
        "size": len(lines),
        "content": base64.b64encode(gzip.compress(lines, mtime=0)).decode(),
    }
    return {"queryId": query_id}


@handles("getAnalysisQueries")
def get(call: Call) -> Any:
    """Return the state of a query and, once it is done, the URL of its rows: JSON Lines, compressed by gzip."""
    found = call.collection(KIND).find(call.path["query_id"])
    month = month_of(call.now)
    answer: Record = {
        "usedExecCount": sum(month_of(each["started"]) == month for each in call.collection(KIND).values()),
    }
    for until, status in _STATE_ENDS_MS:
        if call.now < found["started"] + until:
            return answer | {"status": status}
    content = base64.b64decode(found["content"])
    return answer | {
        "status": "COMPLETED",
        "columnInfo": found["columnInfo"],
        "rowCount": found["rowCount"],
        "sqlExecTime": 3,
        "sqlExportTime": 2,
        "fileSize": len(content),
        "uncompressedFileSize": found["size"],
        "url": call.offer(content, "application/gzip"),
    }
