"""Harvest Files: files in directories. A directory exists once a file was put into it."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from ..protocol.errors import Refusal

if TYPE_CHECKING:
    from ..state.accounts import Operator
    from ..state.collections import Record

KIND = "file"
ROOT = "/"
LONGEST, DEEPEST = 1024, 16
"""The most bytes that a path may have, and the most directories."""


def put_file(operator: Operator, path: str, content: bytes, content_type: str, at: int) -> bool:
    """Write a file at an absolute path; return whether it is new.

    The file is visible from the time `at` on. So the result of a slow job can be written in advance.
    """
    if len(path.encode()) > LONGEST or path.count("/") - 1 > DEEPEST:
        raise Refusal.invalid("the path has more than {0} bytes or {1} directories", LONGEST, DEEPEST)
    collection = operator.collection(KIND)
    directory = path.rpartition("/")[0] + "/"
    while directory != ROOT:
        made = collection.setdefault(directory, _entry(directory, at))
        made["createdTime"] = min(made["createdTime"], at)
        directory = made["directory"]
    before = collection.get(path)
    new = before is None or before["createdTime"] > at
    collection[path] = _entry(path, at if before is None or new else before["createdTime"]) | {
        "lastModifiedTime": at,
        "contentLength": len(content),
        "contentType": content_type,
        "etag": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "content": base64.b64encode(content).decode(),
    }
    return new


def _entry(path: str, at: int) -> Record:
    """Return the metadata of a file or, if its path ends in a slash, of a directory."""
    directory = path.rstrip("/").rpartition("/")[0] + "/"
    return {
        "filePath": path,
        "directory": directory,
        "filename": path.removeprefix(directory),
        "isDirectory": path.endswith("/"),
        "createdTime": at,
        "lastModifiedTime": at,
    }


def files_of(operator: Operator, now: int) -> dict[str, Record]:
    """Return the files and directories that exist now, by their paths."""
    return {path: entry for path, entry in operator.collection(KIND).items() if entry["createdTime"] <= now}
