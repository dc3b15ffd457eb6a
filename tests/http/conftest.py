"""Each way to open a session: by connections of our own, or through a transport of httpx."""

from __future__ import annotations

import httpx
import pytest


@pytest.fixture(params=["own", "httpx"])
def way(request):
    """Return how to open a session at an address: by our own connections, or through a transport of httpx."""

    def open_(url, *, max_connections=100, **settings):
        transport = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=max_connections + 1))
        if request.param == "own":
            transport = None
        from soracom_async import AuthKey, Soracom

        return Soracom(
            AuthKey("keyId-1", "secret-1"),
            endpoint=url,
            transport=transport,
            max_connections=max_connections,
            **settings,
        )

    return open_
