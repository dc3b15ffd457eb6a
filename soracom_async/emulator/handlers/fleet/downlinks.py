"""Downlinks to a device; a device that is online answers like a simple one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...protocol.errors import Refusal
from ...protocol.messages import Response
from ...service.call import Call
from ...state import life
from .. import handles

if TYPE_CHECKING:
    from ...state.sims import Sim

# The smallest JPEG image: one grey pixel.
SNAPSHOT = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300" + "01" * 64 + "ffc0000b080001000101011100"
    "ffc40014000100000000000000000000000000000009ffc40014100100000000000000000000000000000000"
    "ffda0008010100003f0054ffd9"
)


def online(call: Call) -> Sim:
    """Return the SIM of the path; refuse one without a session."""
    sim = call.operator.fleet.look(call.sim_number())
    life.usable(sim)
    if not sim.online:
        raise Refusal("SEM0016")
    return sim


@handles("sendDownlinkPing", "subscriberDownlinkPingToUserEquipment")
def ping(call: Call) -> Any:
    """Ping the device."""
    sim = call.operator.fleet.look(call.sim_number())
    count = call.body.get("numberOfPingRequests") or 1
    if not sim.online:
        return {"success": False, "rtt": "", "stat": f"{count} packets transmitted, 0 received, 100% packet loss"}
    stat = f"{count} packets transmitted, {count} received, 0% packet loss"
    return {"success": True, "rtt": "rtt min/avg/max/mdev = 40.1/42.0/44.0/1.0 ms", "stat": stat}


@handles("sendDownlinkHttp")
def http(call: Call) -> Any:
    """Send an HTTP request."""
    online(call)
    return {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": "OK", "isBase64Encoded": False}


@handles("sendDownlinkSsh")
def ssh(call: Call) -> Any:
    """Run a command."""
    online(call)
    plain = {"isStdoutBase64Encoded": False, "isStderrBase64Encoded": False}
    return {"exitcode": 0, "stdout": f"{call.body['command']}\n", "stderr": ""} | plain


@handles("sendDownlinkTcp")
def tcp(call: Call) -> Any:
    """Send bytes; the device echoes them."""
    online(call)
    return {"data": call.body["payload"], "dataEncoding": call.body.get("payloadEncoding", "string")}


@handles("sendDownlinkUdp")
def udp(call: Call) -> None:
    """Send a datagram."""
    online(call)


@handles("sendDownlinkRtsp")
def rtsp(call: Call) -> Response:
    """Take an image."""
    online(call)
    return Response(200, {"content-type": "image/jpeg"}, SNAPSHOT)


@handles("getTestingUsage")
def testing_usage(call: Call) -> Any:
    """Return how much of the free trial was used."""
    sim = call.operator.fleet.look(call.sim_number())
    return {
        "startedTime": sim.created,
        "usage": {"dataBytes": 0, "numberOfSms": 0},
        "usageLimit": {"days": 30, "dataBytes": 5_000_000, "numberOfSms": 100, "nextStatus": "standby"},
    }
