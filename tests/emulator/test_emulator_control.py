"""What the emulator has of its own below `/_emulator`: who may ask, and what is answered."""

from __future__ import annotations

import json

import httpx
import pytest
from extras import needs
from plain import open_client

from soracom_async.emulator import Emulator, JumpingClock
from soracom_async.emulator.admin import status as overview
from soracom_async.emulator.protocol.messages import Request

SIM = "/v1/sims/8942310022000000001"
JSON = {"content-type": "application/json"}


@pytest.fixture
async def control(emulator, anyio_backend):
    """A client of the control endpoint, in process."""
    async with httpx.AsyncClient(transport=emulator.transport, base_url="https://g.api.soracom.io") as client:
        yield client


@pytest.mark.anyio
async def test_the_page_brings_all_it_needs(control):
    """It is one file that names no other place, and no other page may show it."""
    answer = await control.get("/_emulator")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.text.startswith("<!doctype html>")
    for word in ('<link rel="stylesheet', "src=", "@import", "https://"):
        assert word not in answer.text
    assert (await control.get("/_emulator/")).content == answer.content


@pytest.mark.anyio
async def test_what_there_is_to_see(emulator, client, control):
    """Operators with their SIMs by status, open windows, the last requests, how to log in; asking counts nothing."""
    before = (await control.get("/_emulator/state")).json()
    (operator,) = before["operators"]
    assert operator["sims"] == sum(operator["statuses"].values()) == 30
    assert (operator["users"], operator["groups"]) == (["sam"], 3)
    assert operator["password"] == emulator.root_user.password.reveal()
    key = emulator.auth_key
    assert before["environment"] == {
        "SORACOM_AUTH_KEY_ID": key.auth_key_id,
        "SORACOM_AUTH_KEY": key.auth_key.reveal(),
    }
    status = (await client.get("/sims/8942310022000000001")).json()["status"]
    assert (await client.post("/sims/8942310022000000001/terminate")).status_code == 400
    await client.post("/sims/8942310022000000001/enable_termination")
    await client.post("/sims/8942310022000000001/terminate")
    await client.delete("/subscribers/transfer_token/secret-of-somebody")
    await client.get("/nothing")
    after = (await control.get("/_emulator/state")).json()
    statuses = after["operators"][0]["statuses"]
    assert statuses.pop("terminated") == 1
    assert statuses.get(status, 0) == operator["statuses"][status] - 1
    assert after["counts"] == {"requests": 7, "logins": 1, "throttled": 0}
    assert [each["group"] for each in after["quota"]] == ["auth", "Sim", "Subscriber", "no route"]
    assert after["quota"][1] == {
        "of": operator["operatorId"],
        "group": "Sim",
        "limit": 1000,
        "used": 4,
        "refused": 0,
        "seconds": 60.0,
    }
    last, masked, *_, first = after["requests"]
    assert (last["path"], last["operation"], last["status"]) == ("/v1/nothing", None, 404)
    assert masked["path"] == "/subscribers/transfer_token/…"
    assert (first["operation"], first["operator"]) == ("auth", emulator.operator_id)


@pytest.mark.anyio
async def test_sims_that_moved_are_counted_where_they_are(emulator, client, other, control):
    """Each SIM counts for who has it."""
    body = {
        "transferImsi": ["001010000000002"],
        "transferDestinationOperatorEmail": "other@example.com",
        "transferDestinationOperatorId": other.operator.id,
    }
    token = (await client.post("/subscribers/transfer_token/issue", json=body)).json()["token"]
    assert (await other.post("/subscribers/transfer_token/verify", json={"token": token})).status_code == 200
    operators = (await control.get("/_emulator/state")).json()["operators"]
    assert [operator["sims"] for operator in operators] == [29, 6]
    assert [sum(operator["statuses"].values()) for operator in operators] == [29, 6]


def test_a_large_fleet_is_counted(clock):
    """All SIMs of a million are counted, though none of them is made."""
    (operator,) = overview.view(Emulator(sims=1_000_000, clock=clock))["operators"]
    assert sum(operator["statuses"].values()) == 1_000_000


@pytest.mark.anyio
async def test_faults_are_switched_on_and_off(emulator, client, control):
    """Ordered as JSON, listed with what they did, ended one by one or all."""
    answer = await control.post("/_emulator/faults", json={"kind": "html", "operation": "getSim", "count": 2})
    assert answer.status_code == 200
    assert answer.json()["id"] == 1
    assert (await client.get("/sims/8942310022000000001")).status_code == 502
    known = (await control.get("/_emulator/faults")).json()
    (fault,) = known["faults"]
    assert (fault["kind"], fault["hits"], fault["over"]) == ("html", 1, False)
    assert known["kinds"]["latency"]["details"] == {"seconds": 1.0}
    assert {"all", "Sim", "getSim"} <= set(known["operations"])
    assert (await control.delete("/_emulator/faults/1")).status_code == 200
    assert not emulator.faults.active
    for number in ("1", "x"):
        answer = await control.delete(f"/_emulator/faults/{number}")
        assert (answer.status_code, answer.json()) == (404, {"message": f"there is no fault {number}"})
    emulator.fault("html")
    await control.delete("/_emulator/faults")
    assert not emulator.faults.active
    answer = await control.post("/_emulator/faults", json={"kind": "html", "operation": "getSims"})
    assert answer.status_code == 400
    assert answer.json()["message"].endswith("did you mean 'getSim'?")


@pytest.mark.anyio
async def test_time_is_moved_on(emulator, control):
    """By so many seconds; a JumpingClock goes along for all who share it."""
    before = (await control.get("/_emulator/time")).json()
    assert before["text"] == "2025-01-01 00:00:00 UTC"
    after = (await control.post("/_emulator/time", json={"advance": 90.5})).json()
    assert after["now"] - before["now"] == 90_500
    for wrong in (-1, "60", None, True, 1e999):
        answer = await control.post("/_emulator/time", content=json.dumps({"advance": wrong}), headers=JSON)
        assert (answer.status_code, emulator.world.ahead) == (400, 90.5)
    for far in (10**11, 10**12, 10**300):
        answer = await control.post("/_emulator/time", json={"advance": far})
        assert (answer.status_code, answer.json()["message"]) == (400, "the emulator's time ends with the year 2999")
    jumping = Emulator(sims=0, clock=JumpingClock(7.0))
    jumping.advance(3)
    assert (jumping.clock.now(), jumping.world.ahead) == (10.0, 0.0)


@pytest.mark.anyio
async def test_beginning_anew(emulator, client, control):
    """Nothing of what was done is left."""
    await client.post("/groups")
    emulator.fault("error")
    assert (await control.post("/_emulator/reset", headers=JSON)).status_code == 200
    assert (emulator.requests, len(list(emulator.operator.groups)), emulator.faults.active) == (0, 3, ())


@pytest.mark.anyio
async def test_the_document(control):
    """The API as an OpenAPI document."""
    document = (await control.get("/_emulator/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert "/sims/{sim_id}" in document["paths"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "path", "content", "headers", "status", "says"),
    [
        ("GET", "/_emulator/nothing", b"", {}, 404, "there are /_emulator/state, /_emulator/faults"),
        ("GET", "/_emulatored", b"", {}, 404, "there is no /_emulatored"),
        ("PUT", "/_emulator/time", b"{}", JSON, 405, "GET, POST"),
        ("GET", "/_emulator/reset", b"", {}, 405, "POST"),
        ("POST", "/_emulator/reset", b"{}", {}, 415, "application/json"),
        ("POST", "/_emulator/reset", b"{}", {"content-type": "text/plain"}, 415, "application/json"),
        ("POST", "/_emulator/time", b"{", JSON, 400, "no JSON object"),
        ("POST", "/_emulator/time", b"[1]", JSON, 400, "no JSON object"),
        ("POST", "/_emulator/faults", b"", JSON, 400, "a fault has a kind"),
    ],
)
async def test_what_cannot_be_is_told(control, method, path, content, headers, status, says):
    """An error says what is wrong."""
    answer = await control.request(method, path, content=content, headers=headers)
    assert answer.status_code == status
    assert says in answer.json()["message"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {"host": "127.0.0.1:8089"}, 200),
        ("GET", {"host": "[::1]:8089"}, 200),
        ("GET", {"host": "localhost"}, 200),
        ("GET", {"host": "emulator:8089"}, 200),
        ("GET", {"host": "soracom.localhost:1"}, 200),
        ("GET", {"host": "devbox.example.com:1"}, 200),
        ("GET", {}, 200),
        ("GET", {"host": "rebound.example.com"}, 403),
        ("GET", {"host": "127.0.0.1.example.com:8089"}, 403),
        ("POST", {"host": "localhost:1", "origin": "http://localhost:1"}, 200),
        ("POST", {"host": "localhost:1", "origin": "http://localhost:2"}, 403),
        ("POST", {"host": "localhost:1", "origin": "null"}, 403),
        ("POST", {"host": "localhost:1", "origin": "https://example.com"}, 403),
        ("POST", {"host": "localhost:1", "sec-fetch-site": "same-origin"}, 200),
        ("POST", {"host": "localhost:1", "sec-fetch-site": "same-site"}, 403),
        ("POST", {"host": "localhost:1", "sec-fetch-site": "cross-site"}, 403),
        ("POST", {"host": "rebound.example.com", "origin": "http://rebound.example.com"}, 403),
    ],
)
async def test_other_sites_have_no_business_here(clock, method, headers, status):
    """Neither by a name that leads here, nor by a form or a script: what is on a socket is guarded."""
    emulator = Emulator(sims=0, host="devbox.example.com", clock=clock)
    path = "/_emulator/time"
    for inside in (False, True):
        request = Request(method, path, headers=headers | JSON, body=b'{"advance":1}', inside=inside)
        assert (await emulator.answer(request)).status == (200 if inside else status)
    assert emulator.world.ahead == (method == "POST") * (1 + (status == 200))


@pytest.mark.anyio
@needs("uvicorn")
async def test_it_is_on_the_socket_too():
    """The same, with where the emulator serves."""
    async with Emulator(sims=1) as emulator, httpx.AsyncClient(base_url=emulator.url) as client:
        assert (await client.get("/_emulator")).status_code == 200
        state = (await client.get("/_emulator/state")).json()
        assert state["environment"]["SORACOM_ENDPOINT"] == emulator.url
        await client.post("/_emulator/faults", json={"kind": "error", "count": 1})
        assert (await client.get(SIM)).status_code == 500
        assert (await client.get("/_emulator", headers={"host": "example.com"})).status_code == 403
    async with open_client(emulator) as inside:
        assert (await inside.get("http://x/_emulator/state")).json()["environment"].keys() == {
            "SORACOM_AUTH_KEY_ID",
            "SORACOM_AUTH_KEY",
        }


async def test_each_answered_request_is_told(emulator, client):
    """`on_request` tells operation, method, path and status, also of what the API does not have or a fault answers."""
    told = []
    emulator.on_request(lambda each: told.append((each.operation, each.method, each.path, each.status, each.faults)))
    await client.get("/sims", params={"limit": 1})
    await client.get("/nowhere")
    with emulator.fault("html", operation="getGroup", count=1):
        await client.get("/groups/abc")
    assert told[0] == ("listSims", "GET", "/v1/sims", 200, "")
    assert told[1] == (None, "GET", "/v1/nowhere", 404, "")
    assert told[2][0] == "getGroup"
    assert told[2][4] == "html"
