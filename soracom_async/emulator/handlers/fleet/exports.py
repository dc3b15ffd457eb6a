"""Files that were exported in the background."""

from __future__ import annotations

from typing import Any

from ...service.call import Call
from .. import handles
from ..common.exports import exported


@handles("getExportedFile")
def get(call: Call) -> Any:
    """Return the status of a file, and its URL once it is made."""
    file = exported(call).find(call.path["exported_file_id"])
    if call.now < file["doneTime"]:
        return {"status": "processing"}
    return {"status": "exported", "url": call.offer(file["content"].encode(), file["contentType"])}
