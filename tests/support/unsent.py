"""A session that must send nothing."""

import httpx
import pytest

from soracom_async import ApiToken, Soracom


class Forbidding(httpx.AsyncBaseTransport):
    """A transport that must not be used."""

    async def handle_async_request(self, request):
        pytest.fail(f"{request.method} {request.url} was sent")


def strict() -> Soracom:
    """Return a session that needs no login and must send nothing."""
    return Soracom(ApiToken("key", "token"), endpoint="http://soracom.test", transport=Forbidding())
