"""What a body is called that is not a JSON object, and so has no properties to be arguments."""

from __future__ import annotations

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
