"""Downlinks to a device; a device that is online answers like a simple one."""

from __future__ import annotations

import base64
import binascii
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


UNREACHABLE = {"sendDownlinkHttp": 422, "sendDownlinkSsh": 422, "sendDownlinkTcp": 422}
"""The status codes that the document has for a device without a connection; it has no such status for the others."""
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")
"""The methods of a request by HTTP, in capitals only."""
RANGES = {
    "port": (1, 65_535),
    "timeout": (1, 300),
    # The document has a maximum of these two and no minimum: at least one ping of a second is guessed.
    "numberOfPingRequests": (1, 5),
    "timeoutSeconds": (1, 3),
}
"""The least and the most of the numbers in the requests."""
ENCODINGS = ("string", "base64", "hex")
LONGEST_COMMAND, LONGEST_DATAGRAM, LONGEST_PAYLOAD = 8192, 1472, 5 * 1024 * 1024
"""The most bytes of a command, of a datagram, and of what is sent by TCP; of encoded payloads, as they are encoded."""


def online(call: Call) -> Sim:
    """Return the SIM of the path; refuse a wrong request, and a SIM without a session."""
    sim = call.operator.fleet.look(call.sim_number())
    life.usable(sim)
    _check(call)
    if not sim.online:
        raise Refusal("SEM0016").with_status(UNREACHABLE.get(call.operation.id, 400))
    return sim


def _check(call: Call) -> None:
    """Refuse a request with a number, a method or a payload that the document does not allow."""
    for name, (least, most) in RANGES.items():
        number = call.body.get(name)
        if number is not None and not least <= number <= most:
            raise Refusal.invalid("{0} is not within {1} and {2}", f"body.{name}", least, most)
    method = call.body.get("method")
    if method is not None and method not in METHODS:
        raise Refusal.invalid("{0} is not one of {1}", "body.method", METHODS)
    encoding = call.body.get("payloadEncoding") or "string"
    if encoding not in ENCODINGS:
        raise Refusal.invalid("{0} is not one of {1}", "body.payloadEncoding", ENCODINGS)
    most = LONGEST_DATAGRAM if call.operation.id == "sendDownlinkUdp" else LONGEST_PAYLOAD
    for name, longest in ("command", LONGEST_COMMAND), ("payload", most):
        if len((call.body.get(name) or "").encode("utf-8", "surrogatepass")) > longest:
            raise Refusal.invalid("{0} is longer than {1} bytes", f"body.{name}", longest)
    if not _decodes(call.body.get("payload") or "", encoding):
        raise Refusal.invalid("{0} is not encoded in {1}", "body.payload", encoding)


def _decodes(payload: str, encoding: str) -> bool:
    """Tell whether a payload is what its encoding says."""
    try:
        if encoding == "base64":
            base64.b64decode(payload, validate=True)
        elif encoding == "hex":
            binascii.unhexlify(payload)
    except ValueError:
        return False
    return True


@handles("sendDownlinkPing", "subscriberDownlinkPingToUserEquipment")
def ping(call: Call) -> Any:
    """Ping the device; the answer tells of one that is offline, too."""
    sim = call.operator.fleet.look(call.sim_number())
    _check(call)
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
    return {"data": call.body["payload"], "dataEncoding": call.body.get("payloadEncoding") or "string"}


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
