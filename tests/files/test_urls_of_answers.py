"""Files of URLs that answers contained: not there yet, there, run out."""

from __future__ import annotations

import logging

import httpx
import pytest
from bodies import in_process, leads, over
from leaks import canary, report_of, sings
from servers import Connection, Received, Script, reply, serving

from soracom_async import Forbidden, NotFound, Soracom
from soracom_async.emulator import Emulator

pytestmark = pytest.mark.anyio

URL = "http://storage.test/export.mp4"
ENDING = f"{URL}?X-Amz-Date=20260604T100000Z&X-Amz-Expires=600&X-Amz-Signature="
"""A URL that runs out at 10:10, but for its signature."""
BEFORE, AFTER = {"date": "Thu, 04 Jun 2026 10:09:00 GMT"}, {"date": "Thu, 04 Jun 2026 10:11:00 GMT"}


@pytest.mark.parametrize("status", [403, 404])
async def test_a_file_that_comes_a_little_later(status, jumping_clock, tmp_path, caplog):
    """The download waits for it, and says so in the log."""
    caplog.set_level(logging.INFO, "soracom_async")
    transport = Script(*[httpx.Response(status)] * 3, httpx.Response(200, content=b"content"))
    async with in_process(transport, clock=jumping_clock) as soracom:
        assert await soracom.download(f"{URL}?signature={canary()}", to=tmp_path / "a.mp4") == 7
    assert (tmp_path / "a.mp4").read_bytes() == b"content"
    assert jumping_clock.slept == [0.5, 1.0, 2.0]
    assert [record.message for record in caplog.records] == [
        f"download: {status}; again in {seconds} s" for seconds in ("0.50", "1.00", "2.00")
    ]
    assert not any("x-soracom-token" in request.headers for request in transport.requests)


@pytest.mark.parametrize(("status", "error"), [(403, Forbidden), (404, NotFound)])
async def test_a_file_that_does_not_come(status, error, jumping_clock, tmp_path):
    """After a bounded time the error says what may be, and what to do; it does not show the URL."""
    transport = Script(httpx.Response(status, text=canary()))
    async with in_process(transport, clock=jumping_clock) as soracom:
        with pytest.raises(error) as caught:
            await soracom.download(f"{URL}?signature={canary()}", to=tmp_path / "a.mp4")
    assert str(caught.value) == (
        f"download: {status}: http://storage.test refuses the download: its URL has run out (a camera's lives 10 "
        "minutes), or the file is not there: ask for a new URL, or start the export again, and download it at once "
        "(after 6 attempts in 12.5 s)"
    )
    assert not sings(report_of(caught.value))
    assert len(transport.requests) == 6
    assert list(tmp_path.iterdir()) == []


async def test_a_url_that_says_when_it_runs_out(jumping_clock, tmp_path):
    """Before that the file is waited for; after it there is nothing to wait for."""
    transport = Script(httpx.Response(403, headers=BEFORE), httpx.Response(403, headers=AFTER))
    async with in_process(transport, clock=jumping_clock) as soracom:
        with pytest.raises(Forbidden, match=r"its URL ran out at 2026-06-04 10:10:00 UTC: ask .*\(after 2 attempts"):
            await soracom.download(ENDING + canary(), to=tmp_path / "a.mp4")
        with pytest.raises(Forbidden, match="its URL ran out at") as caught:
            await soracom.download(ENDING + canary(), to=tmp_path / "a.mp4")
        assert caught.value.attempts == 1
        transport.steps = [httpx.Response(404, headers=BEFORE)]
        with pytest.raises(NotFound, match="the file is not there yet, or no more: ask for a new URL") as absent:
            await soracom.download(ENDING + canary(), to=tmp_path / "a.mp4")
        assert absent.value.attempts == 6
        assert not sings(report_of(absent.value))


async def test_the_settings_of_the_session_hold(jumping_clock, tmp_path):
    """Without repetitions there are none, and no pause is longer than `max_wait`."""
    transport = Script(httpx.Response(404))
    async with in_process(transport, clock=jumping_clock) as soracom:
        for settings, attempts in (({"max_retries": 0}, 1), ({"max_retries": 2}, 3), ({"max_wait": 1.0}, 3)):
            with pytest.raises(NotFound) as caught:
                await soracom.with_options(**settings).download(URL, to=tmp_path / "a")
            assert caught.value.attempts == attempts


async def test_many_files_that_do_not_come_leave_the_budget_to_others(jumping_clock, tmp_path):
    """A call of the API is repeated afterwards as if nothing had been."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404) if request.url.host == "storage.test" else busy.pop(0)

    busy = [httpx.Response(503), httpx.Response(200, json=[])]
    async with in_process(Script(answer), clock=jumping_clock) as soracom:
        for _ in range(40):
            with pytest.raises(NotFound):
                await soracom.download(URL, to=tmp_path / "a")
        assert await soracom.sims.list().collect() == []


async def test_a_file_of_ours_is_there_or_is_not(jumping_clock):
    """What the API itself redirects to is not waited for."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404) if request.url.host == "storage.test" else leads(URL)

    transport = Script(answer)
    async with in_process(transport, clock=jumping_clock) as soracom:
        with pytest.raises(NotFound, match=r"getFile: 404: http://storage.test refuses the download$"):
            await soracom.files.get("private", "a")
    assert len(transport.requests) == 2


async def test_a_url_that_runs_out_in_the_middle(jumping_clock):
    """The rest is refused, and the error says why."""

    async def answer(request: Received, connection: Connection) -> None:
        if "range" in request.headers:
            await connection.send(reply(None, 403, AFTER))
        else:
            await connection.send(reply(b"c" * 1000, 200, {"etag": '"1"', "content-length": "2000"}))
            await connection.end()

    async with serving(answer) as server, over("own", server.url, clock=jumping_clock) as soracom:
        async with soracom.stream(server.url + ENDING.removeprefix("http://storage.test")) as answer:
            with pytest.raises(Forbidden, match="its URL ran out at"):
                await answer.read()
    assert len(server.requests) == 2


async def test_an_export_of_the_emulator_that_ran_out(jumping_clock, tmp_path):
    """It refuses the URL as the storage hosts of the service do."""
    emulator = Emulator(sims=1)
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=jumping_clock) as soracom:
        month = await soracom.bills.list()
        exported = await soracom.bills.export(month.bill_list[0].year_month)
        await soracom.download(exported.url, to=tmp_path / "bill.csv")
        emulator.advance(7 * 24 * 3600)
        with pytest.raises(Forbidden, match="ask for a new URL, or start the export again"):
            await soracom.download(exported.url, to=tmp_path / "again.csv")
