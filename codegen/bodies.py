"""Bodies that are not a JSON object: what their argument is called, and what they are sent as."""

from __future__ import annotations

JSON = "application/json"
ANY = "*/*"

NAMES = {
    "batchGetCellLocations": "cells",
    "createSoraCamDeviceDataEntry": "data",
    "putBundles": "bundles",
    "putConfigurationParameters": "parameters",
    "putFile": "content",
    "putSimBasedRoutingRoutes": "routes",
    "setRoutingFilter": "entries",
    "updateMirroringPeer": "attributes",
    "updateSoraCamDeviceDataEntry": "data",
    "uploadSoraletCode": "content",
}


def body_name(operation_id: str) -> str:
    """Return the argument that takes the body whole: `tags` for the many `put...Tags`."""
    return NAMES.get(operation_id) or ("tags" if operation_id.endswith("Tags") else "body")


def content_type(kinds: list[str]) -> str:
    """Return what a binary body is sent as: one of several is the caller's choice.

    Code of a soralet is sent as `application/json`: the document asks for it where it describes the header.
    """
    return kinds[0] if len(kinds) == 1 else ANY
