"""The camera that a path names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...domain.cameras import collection

if TYPE_CHECKING:
    from ...service.call import Call
    from ...state.collections import Record


def camera_in(call: Call) -> Record:
    """Return the camera that the path names; raises Refusal (404)."""
    return collection(call.operator, call.now).find(call.path["device_id"])
