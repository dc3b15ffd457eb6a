"""Harvest Files: put, find, list and delete files."""

from __future__ import annotations

import base64
from email.utils import formatdate
from typing import TYPE_CHECKING
from urllib.parse import quote

from ...domain.filing import (
    KIND,
    ROOT,
    files_of,
    put_file,
)
from ...protocol.errors import Refusal
from ...protocol.messages import Page, Response
from ...service.call import Call
from ...state.paging import first_page, no_such_key
from .. import handles

if TYPE_CHECKING:
    from ...state.collections import Record


def _shown(entry: Record) -> Record:
    return {name: value for name, value in entry.items() if name != "content"}


def _entries(call: Call, scope: str) -> dict[str, Record]:
    """Return the present files of a scope; the emulator has no files in `public`."""
    if scope not in ("private", "public"):
        raise Refusal.not_found("scope", scope)
    return files_of(call.operator, call.now) if scope == "private" else {}


def _path(call: Call) -> str:
    """Return the absolute path of the file in the request."""
    return ROOT + call.path["path"]


def _directory(call: Call) -> str:
    """Return the absolute path of the directory in the request."""
    return f"{_path(call)}/" if call.path["path"] else ROOT


def _found(call: Call) -> Record:
    """Return the file of the path; raises Refusal (404)."""
    entry = _entries(call, call.path["scope"]).get(_path(call))
    if entry is None:
        raise Refusal.not_found(KIND, _path(call))
    return entry


def _must_be_private(call: Call) -> None:
    if call.path["scope"] != "private":
        raise Refusal.invalid("only the scope private can be written to")


@handles("putFile")
def put(call: Call) -> Response:
    """Write a file: 201 if it is new, 200 if it replaces one."""
    _must_be_private(call)
    content_type = call.request.headers.get("content-type") or "application/octet-stream"
    return Response(201 if put_file(call.operator, _path(call), call.body, content_type, call.now) else 200)


@handles("getFile")
def get(call: Call) -> Response:
    """Redirect to a file on the storage host, or to the listing of a directory."""
    directory = f"{_path(call)}/"
    entries = _entries(call, call.path["scope"])
    if directory in entries and _path(call) not in entries:
        return Response(302, {"location": f"/v1/files/{call.path['scope']}{quote(directory)}"})
    entry = _found(call)
    return Response(302, {"location": call.offer(base64.b64decode(entry["content"]), entry["contentType"])})


@handles("getFileMetadata")
def get_metadata(call: Call) -> Response:
    """Return the headers of a file, without its content."""
    entry = _found(call)
    headers = {
        "content-length": str(entry["contentLength"]),
        "content-type": entry["contentType"],
        "etag": f'"{entry["etag"]}"',
        "last-modified": formatdate(entry["lastModifiedTime"] / 1000, usegmt=True),
    }
    return Response(200, headers)


@handles("deleteFile")
def delete(call: Call) -> None:
    """Remove a file; its directory stays."""
    _must_be_private(call)
    call.collection(KIND).take(_found(call)["filePath"])


@handles("deleteDirectory")
def delete_directory(call: Call) -> None:
    """Remove a directory, if there is nothing in it."""
    _must_be_private(call)
    path = _directory(call)
    if path == ROOT or any(entry["directory"] == path for entry in call.collection(KIND).values()):
        raise Refusal.not_possible("the directory {0} is not empty", path)
    call.collection(KIND).take(path)


@handles("listFiles")
def list_files(call: Call) -> Page:
    """Return the entries of a directory, in the order of their names; the key is the last name."""
    entries = _entries(call, call.path["scope"])
    path = _directory(call)
    if path != ROOT and path not in entries:
        raise Refusal.not_found("directory", path)
    listed = {entry["filename"]: entry for entry in entries.values() if entry["directory"] == path}
    return _page(call, listed)


@handles("findFiles")
def find(call: Call) -> Page:
    """Return the files whose path begins with a prefix, in the order of the paths; the key is the last path."""
    prefix = ROOT + call.query["prefix"].removeprefix("/")
    entries = _entries(call, call.query["scope"])
    found = {path: each for path, each in entries.items() if path.startswith(prefix) and not each["isDirectory"]}
    return _page(call, found)


def _page(call: Call, entries: dict[str, Record]) -> Page:
    """Return a page of entries, in the order of their names; the order of code points is also that of UTF-8."""
    limit, key = call.limit(10), call.query.get("last_evaluated_key")
    after = _name_of(key) if key else ""
    if key and after not in entries and not call.gave(key):
        raise no_such_key()
    names, next_key = first_page(sorted(name for name in entries if name > after), limit, key=_key_of)
    return Page.of([_shown(entries[name]) for name in names], next_key)


def _key_of(name: str) -> str:
    """Return the key of a name: the name itself, or encoded if some client could read it differently in a header."""
    if quote(name) == name and not name.startswith("~"):
        return name
    return "~" + base64.urlsafe_b64encode(name.encode()).decode()


def _name_of(key: str) -> str:
    try:
        return base64.urlsafe_b64decode(key[1:]).decode() if key.startswith("~") else key
    except ValueError:
        raise no_such_key() from None
