"""The TLS context that all sessions of the process share."""

from __future__ import annotations

import os
import ssl
from functools import cache

from ..errors import ConfigurationError


def tls() -> ssl.SSLContext:
    """Return the TLS context that all sessions of the process share: making one takes tens of milliseconds.

    An empty variable counts as not set.
    """
    return _tls(os.environ.get("SSL_CERT_FILE") or None, os.environ.get("SSL_CERT_DIR") or None)


@cache
def _tls(cafile: str | None, capath: str | None) -> ssl.SSLContext:
    if cafile is None and capath is None:
        import certifi

        cafile = certifi.where()
    try:
        return ssl.create_default_context(cafile=cafile, capath=capath)
    except OSError as error:
        raise ConfigurationError(f"the certificates of SSL_CERT_FILE or SSL_CERT_DIR cannot be read: {error}") from None
