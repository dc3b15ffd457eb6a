"""Every request that the official document allows is understood, or refused in the unified form."""

from __future__ import annotations

import pytest
from documented import OPERATIONS
from documented import Request as Documented
from planner import SUCCESSES
from test_emulator_operations import anyio_backend, every_operation, refused

__all__ = ["anyio_backend"]
pytestmark = pytest.mark.anyio


@every_operation
async def test_documented_requests(planner, client, id_):
    """All that the document allows in a request is understood, or refused; and a success is one that it names."""
    _, method, said = OPERATIONS[id_]
    plan = await planner.plan(id_)
    answer = await plan.send(client)
    assert str(answer.status_code) in said["responses"]
    for full in Documented(id_), Documented(id_, last=True):
        content = {"content": full.content} if full.content else {"json": full.json}
        answer = await client.request(method, plan.path, params=full.query, headers=full.headers, **content)
        assert answer.status_code in SUCCESSES or refused(answer)
