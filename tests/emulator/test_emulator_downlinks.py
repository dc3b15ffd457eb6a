"""What is sent to a device: short messages, pings, and requests of several protocols."""

from __future__ import annotations

import pytest
from plain import refused

from soracom_async.emulator.state.sims import imsi, msisdn, sim_id

pytestmark = pytest.mark.anyio
SSH = {"username": "u", "authentication": {"type": "none"}, "command": "ls"}
SENT = {"port": 1, "payload": "a"}
SNAPSHOT = {"command": "snapshot"}


@pytest.fixture
def online(emulator):
    """The path of a SIM that is online."""
    fleet = emulator.operator.fleet
    return f"/sims/{sim_id(next(number for number in range(1, 31) if fleet.look(number).online))}"


@pytest.fixture
async def offline(client):
    """The path of a SIM that is active and was never online."""
    sim = await client.post(f"/sims/{sim_id(500)}/register", json={"registrationSecret": "1"})
    path = f"/sims/{sim.json()['simId']}"
    await client.post(f"{path}/activate")
    return path


async def test_a_device_that_is_online(client, online):
    """It answers like a simple one."""
    assert (await client.post(f"{online}/downlink/ping", json={})).json()["success"] is True
    assert (await client.post(f"{online}/downlink/http", json={"method": "GET"})).json()["statusCode"] == 200
    assert (await client.post(f"{online}/downlink/ssh", json=SSH)).json()["stdout"] == "ls\n"
    answer = (await client.post(f"{online}/downlink/tcp", json=SENT)).json()
    assert answer == {"data": "a", "dataEncoding": "string"}
    assert (await client.post(f"{online}/downlink/udp", json=SENT)).status_code == 204
    image = await client.post(f"{online}/downlink/rtsp", json=SNAPSHOT)
    assert image.headers["content-type"] == "image/jpeg"
    assert image.content.startswith(b"\xff\xd8")
    assert (await client.get(f"{online}/testing/usage")).json()["usageLimit"]["days"] == 30
    assert (await client.post(f"{online}/report_local_info")).json()["imsi"]


@pytest.mark.parametrize(
    ("protocol", "body", "status"),
    [("udp", SENT, 400), ("rtsp", SNAPSHOT, 400), ("tcp", SENT, 422), ("http", {}, 422), ("ssh", SSH, 422)],
)
async def test_a_device_that_is_offline(client, offline, protocol, body, status):
    """The error says so, with a status code that the document has for the operation; a ping tells it in its answer."""
    assert refused(await client.post(f"{offline}/downlink/{protocol}", json=body), status, "SEM0016")
    assert (await client.post(f"{offline}/downlink/ping", json={})).json()["success"] is False


@pytest.mark.parametrize(
    ("protocol", "body", "name"),
    [
        ("udp", SENT | {"port": 0}, "port"),
        ("tcp", SENT | {"port": 65_536}, "port"),
        ("http", {"port": 0}, "port"),
        ("ssh", SSH | {"port": -1}, "port"),
        ("rtsp", SNAPSHOT | {"port": 0}, "port"),
        ("http", {"method": "get"}, "method"),
        ("tcp", SENT | {"timeout": 0}, "timeout"),
        ("tcp", SENT | {"timeout": 301}, "timeout"),
        ("ping", {"numberOfPingRequests": 6}, "numberOfPingRequests"),
        ("ping", {"numberOfPingRequests": 0}, "numberOfPingRequests"),
        ("ping", {"timeoutSeconds": 4}, "timeoutSeconds"),
        ("udp", SENT | {"payload": "a" * 1473}, "payload"),
        ("tcp", SENT | {"payload": "a" * (5 * 1024 * 1024 + 1)}, "payload"),
        ("ssh", SSH | {"command": "a" * 8193}, "command"),
        ("udp", SENT | {"payloadEncoding": "rot13"}, "payloadEncoding"),
        ("udp", SENT | {"payloadEncoding": "hex", "payload": "0g"}, "payload"),
        ("udp", SENT | {"payloadEncoding": "base64", "payload": "あ"}, "payload"),
    ],
)
async def test_what_cannot_be_sent(client, online, protocol, body, name):
    """A number out of its range, a method in small letters, and a payload that is too long or no such code."""
    answer = await client.post(f"{online}/downlink/{protocol}", json=body)
    assert answer.status_code == 400
    assert f"body.{name}" in answer.json()["message"]


@pytest.mark.parametrize(("encoding", "payload"), [("hex", "0aFF"), ("base64", "AAE="), ("string", "あ")])
async def test_encodings(client, online, encoding, payload):
    """A payload may be text, Base64 or hexadecimal digits of any case."""
    sent = SENT | {"payload": payload, "payloadEncoding": encoding}
    answer = await client.post(f"{online}/downlink/tcp", json=sent)
    assert answer.json() == {"data": payload, "dataEncoding": encoding}


async def test_short_messages(client, offline):
    """A message can go to a SIM, to a subscriber and to a telephone number; it needs a payload and an encoding."""
    for path in (offline, f"/subscribers/{imsi(500)}", f"/subscribers/msisdn/{msisdn(500)}"):
        for encoding in (1, 2, None):
            answer = await client.post(f"{path}/send_sms", json={"payload": "a", "encodingType": encoding})
            assert answer.status_code == 202
            assert answer.json()["messageId"]
    for body in ({}, {"payload": ""}, *({"payload": "a", "encodingType": encoding} for encoding in (0, 3))):
        assert (await client.post(f"{offline}/send_sms", json=body)).status_code == 400


@pytest.mark.parametrize(
    ("encoding", "payload", "fits"),
    [
        (1, "a" * 160, True),
        (1, "a" * 161, False),
        (1, "€" * 80, True),
        (1, "€" * 81, False),
        (1, "あ", False),
        (2, "あ" * 70, True),
        (2, "あ" * 71, False),
        (2, "😀" * 35, True),
        (2, "😀" * 36, False),
        (None, "a" * 71, False),
    ],
)
async def test_the_length_of_a_short_message(client, offline, encoding, payload, fits):
    """160 characters of the GSM alphabet, some of which take two places, or 70 of UCS-2, which is the default."""
    answer = await client.post(f"{offline}/send_sms", json={"payload": payload, "encodingType": encoding})
    assert answer.status_code == (202 if fits else 400), answer.text


async def test_who_receives_short_messages(client, offline):
    """A SIM that is only inactive receives them; one in standby or suspended, or a virtual one, does not."""
    for word, status in (("deactivate", 202), ("set_to_standby", 400), ("suspend", 400), ("activate", 202)):
        await client.post(f"{offline}/{word}")
        assert (await client.post(f"{offline}/send_sms", json={"payload": "a"})).status_code == status
    virtual = (await client.post("/sims", json={"type": "virtual", "subscription": "planArc01"})).json()
    answer = await client.post(f"/sims/{virtual['simId']}/send_sms", json={"payload": "a"})
    assert answer.status_code == 400
    assert "SMS" in answer.json()["message"]
