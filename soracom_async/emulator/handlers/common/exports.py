"""Exported files: returned at once, or made in the background and requested later by an identifier."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, Any

from ...durations import SECOND_MS
from ...protocol.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...service.call import Call
    from ...state.collections import Collection

EXPORT_MS = 2 * SECOND_MS
"""How long an export takes that is made in the background."""


def exported(call: Call) -> Collection:
    """Return the operator's files that were exported in the background."""
    return call.collection("exported file")


def export(call: Call, name: str, content: str, content_type: str = "text/csv") -> dict[str, str]:
    """Return the answer of an export: the file's URL or, in the mode `async`, the identifier to request it later."""
    mode = call.query.get("export_mode", "sync")
    if mode not in ("sync", "async"):
        raise Refusal.invalid("{0} is not one of {1}", "export_mode", ("sync", "async"))
    if mode == "sync":
        return {"url": call.offer(content.encode(), content_type)}
    file_id = call.world.uuid()
    exported(call).put(file_id, {"content": content, "contentType": content_type, "doneTime": call.now + EXPORT_MS})
    return {"exportedFileId": file_id, "exportedFilePath": f"/{call.operator.id}/{file_id}/{name}"}


def table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Return a CSV file with a line that names the columns; a None is an empty cell."""
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
