"""Handlers called without a request, for bodies in the forms that clients send beside the declared one."""

from __future__ import annotations

from soracom_async._registry import load
from soracom_async.emulator.handlers import HANDLERS
from soracom_async.emulator.protocol.messages import Request
from soracom_async.emulator.service.call import Call
from soracom_async.emulator.state.accounts import Session


def execute(emulator, operation_id, body=None, **path):
    """Return what a handler answers the root user."""
    session = Session("api-key", "token", emulator.operator.users[None], expires=float("inf"))
    request = Request("POST", "/", storage="http://storage")
    return HANDLERS[operation_id](Call(emulator.world, load(operation_id), path, {}, body, session, request))
