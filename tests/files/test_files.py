"""The files of Harvest Files, through the methods of `soracom.files`."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from bodies import every_way, in_process, leads, over
from servers import Script, answering, serving

from soracom_async import (
    ConfigurationError,
)

pytestmark = pytest.mark.anyio


async def test_the_root_and_the_slashes():
    """Empty parts go, each part is quoted; `/` is the root, which can be listed and, by name only, deleted."""
    transport = Script(lambda request: httpx.Response(200, json=[] if request.method == "GET" else None))
    async with in_process(transport) as soracom:
        files = soracom.files
        await files.list("private", "/").collect()
        await files.list("private", "").collect()
        await files.list("private", "a//b c/").collect()
        await files.list("private", "a", limit=5).collect()
        await files.delete("private", "/a/b?")
        await files.delete_directory("private", "a/b/")
        await files.delete_directory("private", "/")
        await files.find(scope="private", prefix="a/b").collect()
        for call in (
            lambda: files.get("private", "/"),
            lambda: files.get_metadata("private", ""),
            lambda: files.put("private", "//", content=b""),
            lambda: files.delete("private", "/"),
        ):
            with pytest.raises(ConfigurationError, match="is empty: give the path of a file"):
                await call()
        with pytest.raises(ConfigurationError, match="path='' is empty: give '/' to mean the root"):
            await files.delete_directory("private", "")
        for path in ("a/../b", "./a", "a/%2e%2e/b", "a/\x00"):
            with pytest.raises(ConfigurationError, match="path"):
                await files.delete_directory("private", path)
        with pytest.raises(ConfigurationError, match="path must be a string, not PosixPath"):
            await files.get("private", Path("a"))
    base = "/v1/files"
    assert [(r.method, r.url.raw_path.decode()) for r in transport.requests] == [
        ("GET", f"{base}/private//"),
        ("GET", f"{base}/private//"),
        ("GET", f"{base}/private/a/b%20c/"),
        ("GET", f"{base}/private/a/?limit=5"),
        ("DELETE", f"{base}/private/a/b%3F"),
        ("DELETE", f"{base}/private/a/b/"),
        ("DELETE", f"{base}/private//"),
        ("GET", f"{base}?scope=private&prefix=a%2Fb"),
    ]


async def test_files_are_listed_and_found():
    """Listings give typed entries, page by page."""
    pages = [
        httpx.Response(200, json=[{"filename": "a", "contentLength": 1}], headers={"x-soracom-next-key": "k%2F"}),
        httpx.Response(200, json=[{"filename": "b", "isDirectory": True}]),
    ]
    for listing in ("list", "find"):
        transport = Script(*pages)
        async with in_process(transport) as soracom:
            arguments = ("private", "/") if listing == "list" else ()
            keywords = {} if listing == "list" else {"scope": "private", "prefix": "x"}
            entries = await getattr(soracom.files, listing)(*arguments, **keywords).collect()
        assert [(entry.filename, entry.content_length, entry.is_directory) for entry in entries] == [
            ("a", 1, None),
            ("b", None, True),
        ]
        assert transport.requests[1].url.params["last_evaluated_key"] == "k/"


@every_way
async def test_what_a_file_is_without_its_content(way):
    """HEAD gives the headers; the length is that of the file, though there is no body."""
    head = b'HTTP/1.1 200 OK\r\ncontent-length: 5000\r\nETag: "1"\r\ncontent-type: text/csv\r\n\r\n'
    async with serving(answering(head)) as server, over(way, server.url) as soracom:
        for _ in range(2):
            told = await soracom.files.get_metadata("private", "a.csv")
            assert (told["content-length"], told["etag"], told["content-type"]) == ("5000", '"1"', "text/csv")
        assert (await soracom.call("getFileMetadata", scope="private", path="a"))["etag"] == '"1"'
        async with soracom.stream("getFileMetadata", scope="private", path="a") as answer:
            assert (answer.length, await answer.read()) == (5000, b"")
        assert server.accepted == 1
    assert {request.method for request in server.requests} == {"HEAD"}
    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("redirected", [True, False])
async def test_a_file_may_come_at_once(redirected):
    """A service that gives the content itself is as good as one that leads to it."""
    steps = [leads("https://storage.test/a")] if redirected else []
    transport = Script(*steps, httpx.Response(200, content=b"content"))
    async with in_process(transport, "https://soracom.test") as soracom:
        assert await soracom.files.get("private", "a") == b"content"
