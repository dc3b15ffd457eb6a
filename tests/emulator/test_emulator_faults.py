"""What goes wrong on order: when, with what, and what a client sees of it, in process and on a socket."""

from __future__ import annotations

import json
import time

import httpx
import pytest
from clock import FakeClock
from plain import log_in, open_client, refused

from soracom_async import (
    DecodeError,
    ServerError,
    Soracom,
    TransportError,
)
from soracom_async.emulator import Emulator, Fault
from soracom_async.errors import ConfigurationError

SIM = "/sims/8942310022000000001"
QUOTA = "x-soracom-ratelimit-remaining"


async def statuses(client, path=SIM, times=4):
    """Return what comes of several requests: statuses, and 0 for no answer."""
    found = []
    for _ in range(times):
        try:
            found.append((await client.get(path)).status_code)
        except httpx.TransportError:
            found.append(0)
    return found


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("settings", "hit"),
    [
        ({}, [500, 500, 500, 500]),
        ({"count": 2}, [500, 500, 200, 200]),
        ({"operation": "getSim"}, [500, 500, 500, 500]),
        ({"operation": "Sim"}, [500, 500, 500, 500]),
        ({"operation": "all"}, [500, 500, 500, 500]),
        ({"operation": "listSims"}, [200, 200, 200, 200]),
        ({"operation": "Group"}, [200, 200, 200, 200]),
        ({"status": 503}, [503, 503, 503, 503]),
        ({"probability": 0}, [200, 200, 200, 200]),
    ],
)
async def test_which_requests_are_hit(emulator, client, settings, hit):
    """A fault hits so many requests of an operation, of a group or of all; others are as they should be."""
    with emulator.fault("error", **settings) as fault:
        assert await statuses(client) == hit
        assert fault.hits == sum(status >= 500 for status in hit)
    assert await statuses(client, times=1) == [200]


@pytest.mark.anyio
async def test_a_fault_has_its_time(emulator, client, clock):
    """It begins and ends by the emulator's clock, counted from when it was added."""
    await clock.advance(100)
    fault = emulator.fault("error", from_=10, until=20)
    seen = []
    for _ in range(5):
        seen += await statuses(client, times=1)
        emulator.advance(5)
    assert seen == [200, 200, 500, 500, 200]
    assert fault.over(emulator.world.now())


@pytest.mark.anyio
async def test_chance_is_the_same_in_every_run(clock, anyio_backend):
    """With a probability some are hit, by the emulator's seed."""
    runs = []
    for seed in (1, 1, 2):
        emulator = Emulator(sims=1, seed=seed, faults=["error:Sim:probability=0.5"], clock=clock)
        async with open_client(emulator) as client:
            await log_in(client, emulator.root_user)
            runs.append(await statuses(client, times=40))
    assert runs[0] == runs[1] != runs[2]
    assert 8 < runs[0].count(500) < 32


@pytest.mark.anyio
async def test_the_outermost_fault_comes_first(emulator, client):
    """Of several faults each hits what the one before lets through; the emulator tells which it was."""
    first = emulator.fault("error", count=1)
    second = emulator.faults.add(Fault("html", count=2))
    assert await statuses(client) == [500, 502, 502, 200]
    assert (first.hits, second.hits) == (1, 2)
    assert [served.faults for served in list(emulator.world.served)[-4:]] == ["error", "html", "html", ""]
    emulator.fault("empty")
    emulator.fault("token-death")
    assert await statuses(client, times=1) == [401]
    assert emulator.world.served[-1].faults == "empty, token-death"
    assert len(emulator.faults.active) == 4
    emulator.faults.clear()
    assert not emulator.faults.active
    Fault("html").remove()


@pytest.mark.anyio
async def test_what_has_no_route_is_hit_by_faults_of_all_only(emulator, client):
    """A path that does not exist has no operation that could be named."""
    emulator.fault("error", operation="Sim")
    emulator.fault("repeat-page")
    assert (await client.get("/nothing")).status_code == 404
    emulator.fault("error", count=1)
    assert await statuses(client, "/nothing", 2) == [500, 404]


@pytest.mark.anyio
async def test_latency(jumping_clock):
    """An answer comes late, by the emulator's clock."""
    emulator = Emulator(sims=1, faults=["latency:getSim:seconds=2.5"], clock=jumping_clock)
    async with open_client(emulator) as client:
        await log_in(client, emulator.root_user)
        assert await statuses(client, times=2) == [200, 200]
    assert jumping_clock.slept == [2.5, 2.5]
    assert emulator.world.served[-1].took == 2.5


@pytest.mark.anyio
async def test_a_reset_before_or_after_the_effect(emulator, client):
    """No answer comes either way; only before it the request has had no effect."""
    with emulator.fault("reset_before", operation="suspendSim"), pytest.raises(httpx.ReadError):
        await client.post(f"{SIM}/suspend")
    assert (await client.get(SIM)).json()["status"] != "suspended"
    assert emulator.world.served[-2].status == 0
    with emulator.fault("reset_after", operation="suspendSim"), pytest.raises(httpx.ReadError):
        await client.post(f"{SIM}/suspend")
    assert (await client.get(SIM)).json()["status"] == "suspended"
    assert emulator.world.served[-2].status == 200


@pytest.mark.anyio
async def test_broken_bodies(emulator, client):
    """A body may end early, be no JSON, or be empty."""
    whole = (await client.get(SIM)).content
    with emulator.fault("truncate"):
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
            await client.get(SIM)
        async with client.stream("GET", SIM) as answer:
            assert int(answer.headers["content-length"]) == len(whole)
            with pytest.raises(httpx.RemoteProtocolError):
                async for chunk in answer.aiter_bytes():
                    assert chunk == whole[: len(whole) // 2]
        with pytest.raises(httpx.ReadError):  # an empty body cannot end early
            await client.post("/auth/logout")
    await log_in(client, emulator.root_user)
    with emulator.fault("garbage"):
        answer = await client.get(SIM)
        assert answer.headers["content-type"] == "application/json"
        with pytest.raises(ValueError, match="utf-8"):
            answer.json()
    with emulator.fault("garbage"):
        assert (await client.post("/auth/logout")).content == b""
    await log_in(client, emulator.root_user)
    with emulator.fault("empty"):
        assert ((await client.get(SIM)).status_code, (await client.get(SIM)).content) == (200, b"")


@pytest.mark.anyio
async def test_a_body_that_drips(jumping_clock):
    """It comes in chunks, with pauses by the clock, and whole; an empty one has none."""
    emulator = Emulator(sims=1, clock=jumping_clock)
    async with open_client(emulator) as client:
        await log_in(client, emulator.root_user)
        whole = (await client.get(SIM)).content
        emulator.fault("drip", seconds=6, pieces=3)
        async with client.stream("GET", SIM) as answer:
            chunks = [chunk async for chunk in answer.aiter_raw()]
        assert (await client.post("/auth/logout")).status_code == 204
    assert b"".join(chunks) == whole
    assert len(chunks) == 3
    assert jumping_clock.slept == [2, 2, 2]


@pytest.mark.anyio
async def test_errors_of_a_proxy_and_of_the_api(emulator, client):
    """The one is a page and knows no quota, the other is in the unified form; `done` says that it was executed."""
    with emulator.fault("html", status=503):
        answer = await client.post(f"{SIM}/suspend")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html")
    assert QUOTA not in answer.headers
    with emulator.fault("error"):
        answer = await client.post(f"{SIM}/suspend")
    assert refused(answer, 500, "AGW0005")
    assert answer.headers["content-type"] == "text/plain"
    with emulator.fault("error", status=503):
        answer = await client.get(SIM)
    assert refused(answer, 503, "AGW0005")
    assert answer.headers["content-type"] == "application/json"
    assert QUOTA in answer.headers
    assert (await client.get(SIM)).json()["status"] != "suspended"
    for kind, action, status in (("html", "suspend", "suspended"), ("error", "activate", "active")):
        with emulator.fault(kind, done=True):
            assert (await client.post(f"{SIM}/{action}")).status_code >= 500
        assert (await client.get(SIM)).json()["status"] == status


@pytest.mark.anyio
async def test_a_storm_of_429(emulator, client):
    """Whatever is left of the quota; with the headers that were ordered, or those that the emulator gives."""
    with emulator.fault("throttle"):
        answer = await client.get(SIM)
        assert refused(answer, 429, "COM9004")
        assert (answer.headers[QUOTA], answer.headers["x-soracom-ratelimit-seconds-before-refresh"]) == ("0", "60")
    with emulator.fault("throttle", says="bare"):
        assert not {QUOTA, "retry-after"} & set((await client.get(SIM)).headers)
    with emulator.fault("throttle", says="retry-after"):
        assert (await client.get(SIM)).headers["retry-after"] == "60"
    assert emulator.throttled == 3
    assert (await client.get(SIM)).headers[QUOTA] == "996"


@pytest.mark.anyio
async def test_tokens_that_fail(emulator, client):
    """A valid token may be refused, or end before its time."""
    with emulator.fault("unauthorized", count=1):
        assert refused(await client.get(SIM), 401, "AUM0013")
        assert await statuses(client, times=1) == [200]
    with emulator.fault("unauthorized", status=403, code="AGW0002"):
        assert refused(await client.get(SIM), 403, "AGW0002")
    with pytest.raises(ConfigurationError, match=r"code='AUM0017' is none of .*AUM0013"):
        emulator.fault("unauthorized", code="AUM0017")
    with emulator.fault("token-death", count=1):
        assert refused(await client.get(SIM), 401, "AGW0002")
    assert await statuses(client, times=1) == [401]
    for kind in ("unauthorized", "token-death"):
        with emulator.fault(kind, count=1) as fault:
            assert (await log_in(client, emulator.root_user)).status_code == 200  # a login needs no token
            assert (await client.get("/nothing")).status_code == 404
            assert fault.hits == 0
            assert await statuses(client, times=1) == [401]
    with emulator.fault("token-death"):
        assert (await log_in(client, emulator.root_user)).status_code == 200
    assert await statuses(client, times=1) == [200]


async def keys(client, times):
    """Follow a listing for so many pages and return the keys that they announce."""
    found, key = [], None
    for _ in range(times):
        query = "" if key is None else f"&last_evaluated_key={key}"
        answer = await client.get(f"/sims?limit=10{query}")
        key = answer.headers.get("x-soracom-next-key")
        found.append(key and key[-2:])
        if key is None:
            break
        assert f"last_evaluated_key={key}" in answer.headers["link"]
    return found


@pytest.mark.anyio
async def test_listings_without_end(emulator, client):
    """A page may name itself as the next, or the last one the second; errors and other operations are let be."""
    assert await keys(client, 9) == ["10", "20", None]
    with emulator.fault("repeat-page"):
        assert await keys(client, 4) == ["10", "10", "10", "10"]
        assert "link" not in (await client.get(SIM)).headers
        assert "link" not in (await client.get("/sims?limit=0&last_evaluated_key=x")).headers
    with emulator.fault("loop-pages") as fault:
        assert "link" not in (await client.get("/sims?limit=0")).headers
        assert await keys(client, 7) == ["10", "20", "10", "20", "10", "20", "10"]
        assert fault.hits == 8


@pytest.mark.anyio
async def test_the_client_comes_to_terms_with_faults(clock):
    """What may be repeated is, what is no answer is an error that says so."""
    emulator = Emulator(sims=1, clock=clock)
    quick = Soracom(emulator.auth_key, transport=emulator.transport, clock=FakeClock(auto=True))
    emulator.fault("reset-before", operation="getSim", count=1)
    emulator.fault("html", operation="getSim", count=1)
    emulator.fault("token-death", operation="getSim", count=1)
    assert (await quick.sims.get(SIM[-19:])).sim_id == SIM[-19:]
    assert emulator.counts["getSim"] == 4
    emulator.fault("reset-after", operation="createGroup", count=1)
    with pytest.raises(TransportError) as caught:
        await quick.groups.create(tags={"name": "north"})
    assert caught.value.sent
    assert len(await quick.groups.list().collect()) == 4
    emulator.fault("error", operation="createGroup", count=1, done=True)
    with pytest.raises(ServerError):
        await quick.groups.create(tags={"name": "south"})
    emulator.fault("garbage", operation="getSim", count=1)
    assert (await quick.sims.get(SIM[-19:])).sim_id == SIM[-19:]
    emulator.fault("garbage", operation="getSim", count=6)
    with pytest.raises(DecodeError, match="after 6 attempts"):
        await quick.sims.get(SIM[-19:])


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("html", {"kind": "html", "operation": "all", "count": None, "status": 502, "done": False}),
        ("reset_before:listSims:count=3", {"kind": "reset-before", "operation": "listSims", "count": 3}),
        ("latency:seconds=2", {"kind": "latency", "operation": "all", "seconds": 2.0}),
        ("error:from=1.5:until=3:done=true", {"from": 1.5, "until": 3.0, "done": True}),
        ("throttle:Sim:says=bare:probability=.5", {"says": "bare", "probability": 0.5, "operation": "Sim"}),
    ],
)
def test_words_for_faults(text, settings):
    """A fault is written as a word; its JSON says the same and can be read again."""
    fault = Fault.parse(text)
    assert fault.settings == fault.settings | settings
    again = Fault.of(json.loads(json.dumps(fault.settings)))
    assert again.settings == fault.settings
    assert repr(fault).startswith(f"<Fault 0: kind='{fault.kind}', operation=")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hiccup", "there is no fault 'hiccup'; there are latency, reset-before"),
        ("", "there is no fault ''"),
        ("html:Sim:often", "'often' is no name=value"),
        (
            "html:seconds=1",
            "html takes no 'seconds'; it takes operation, count, probability, from, until, status",
        ),
        ("html:count=0", "count='0' is not a whole number, 1 or more"),
        ("html:count=1.5", "count='1.5' is not a whole number"),
        ("html:probability=2", "probability='2' is not a number, 0 to 1"),
        ("html:from=soon", "from='soon' is not a number, 0 or more"),
        ("html:until=nan", "until='nan' is not a number"),
        ("html:status=200", "status='200' is not a whole number, 400 to 599"),
        ("html:done=maybe", "done='maybe' is none of false, true"),
        ("throttle:says=no", "says='no' is none of quota, retry-after, both, bare"),
        ("html:Sms", "there is no operation or group 'Sms'; did you mean 'Sim'"),
        ("html:qqqqqqqqq", "there is no operation or group 'qqqqqqqqq'$"),
    ],
)
def test_what_cannot_be_is_named(text, problem):
    """An error says what is wrong, and what there is."""
    with pytest.raises(ConfigurationError, match=problem):
        Emulator(sims=0, faults=[text])


@pytest.mark.parametrize("given", [{}, {"kind": 1}, {"kind": "html", "count": True}, {"kind": "html", "count": [1]}])
def test_wrong_json_is_named(given):
    """JSON that describes no fault is an error."""
    with pytest.raises(ConfigurationError, match="a fault has a kind|count="):
        Fault.of(given)


# On a socket


@pytest.fixture
async def served(anyio_backend):
    pytest.importorskip("uvicorn")
    async with (
        Emulator(sims=1) as emulator,
        httpx.AsyncClient(base_url=f"{emulator.url}/v1") as client,
    ):
        await log_in(client, emulator.root_user)
        yield emulator, client


@pytest.mark.anyio
async def test_connections_are_really_lost(served):
    """A reset is a reset, a truncated body ends before its announced length; the server goes on without complaint."""
    emulator, client = served
    for kind in ("reset-before", "reset-after"):
        with emulator.fault(kind), pytest.raises(httpx.ReadError):
            await client.post(f"{SIM}/suspend")
    with (
        emulator.fault("truncate"),
        pytest.raises(httpx.RemoteProtocolError, match="complete message body"),
    ):
        await client.get(SIM)
    assert (await client.get(SIM)).json()["status"] == "suspended"


@pytest.mark.anyio
async def test_answers_on_a_socket(served):
    """The other faults are the same as in process; chunks come one by one."""
    emulator, client = served
    whole = (await client.get(SIM)).content
    with emulator.fault("html"):
        assert (await client.get(SIM)).status_code == 502
    with emulator.fault("garbage"):
        assert (await client.get(SIM)).content.startswith(b'{"simId"')
    with emulator.fault("drip", seconds=0.1, pieces=5):
        begun = time.monotonic()
        async with client.stream("GET", SIM) as answer:
            chunks = [chunk async for chunk in answer.aiter_raw()]
        assert time.monotonic() - begun >= 0.1
    assert b"".join(chunks) == whole
    assert len(chunks) > 1
    with emulator.fault("drip", seconds=0, pieces=2):
        assert (await client.get(SIM)).content == whole
    assert (await client.get(SIM)).content == whole


@pytest.mark.anyio
async def test_a_job_in_another_state(emulator, client):
    """With a fault, what tells of a job has another state and no URL; afterwards it tells the truth again."""
    made = (await client.post("/bills/latest/export", params={"export_mode": "async"})).json()
    path = f"/files/exported/{made['exportedFileId']}"
    emulator.advance(60)
    with emulator.fault("job-state"):
        assert (await client.get(path)).json() == {"status": "failed"}
        assert (await client.get("/files/exported/none")).status_code == 404
    with emulator.fault("job-state", state="processing", operation="getExportedFile"):
        assert (await client.get(path)).json() == {"status": "processing"}
    assert set((await client.get(path)).json()) == {"status", "url"}
    for wrong in ("not a state", 5):
        with pytest.raises(ConfigurationError, match="such as failed"):
            emulator.fault("job-state", state=wrong)
