"""Failures that no repetition mends, and what to do about each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from .._core.retry import PASSING

_EXPIRED: Final = (9, 10)
_OTHER_HOST: Final = (62, 63, 64)
"""Codes of OpenSSL for a certificate that is not valid now, and for one of another host."""

_NO_COMMON_TLS: Final = frozenset(
    {
        "DH_KEY_TOO_SMALL",
        "HTTP_REQUEST",
        "NO_PROTOCOLS_AVAILABLE",
        "RECORD_LAYER_FAILURE",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "TLSV1_ALERT_INSUFFICIENT_SECURITY",
        "TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "UNEXPECTED_MESSAGE",
        "UNKNOWN_PROTOCOL",
        "UNSAFE_LEGACY_RENEGOTIATION_DISABLED",
        "UNSUPPORTED_PROTOCOL",
        "WRONG_SSL_VERSION",
        "WRONG_VERSION_NUMBER",
    }
)
"""Reasons of OpenSSL for a peer that speaks no TLS, or none that we speak."""

_REFUSED: Final = frozenset(
    {
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        "TLSV1_ALERT_ACCESS_DENIED",
        "TLSV1_ALERT_UNKNOWN_CA",
        "TLSV1_UNRECOGNIZED_NAME",
    }
)
"""Reasons of OpenSSL for a peer that does not let us in."""

_SOCKS_REFUSALS: Final = ("Requested ", "Invalid username", "Proxy Server could not connect: Connection not allowed")
"""How the SOCKS errors of httpcore begin that are no matter of time."""

PROXY_LOGIN: Final = (
    "the proxy wants a user and a password, or refuses those it got: put them into its address, "
    "as in https_proxy=http://USER:PASSWORD@HOST:PORT"
)


def of_tls(error: BaseException) -> str | None:
    """Return what to do about an error of TLS that will not pass; None if `error` is none."""
    causes = list(_chain(error))
    codes = (getattr(each, "verify_code", None) for each in causes)
    code = next((code for code in codes if code is not None), None)
    # Not every library keeps the exception of ssl as the cause; its words stay.
    told = {match for each in causes for match in re.findall(r"\[SSL: (\w+)\]", str(each))}
    if code is not None or "CERTIFICATE_VERIFY_FAILED" in told:
        return _of_certificate(code)
    if told & _NO_COMMON_TLS:
        return "check the scheme and the port of the endpoint: TLS as we speak it is not spoken there"
    if told & _REFUSED:
        return (
            "check the endpoint: the host does not know its name, or wants a certificate of the client's, "
            "which a transport of your own can have: transport=httpx.AsyncHTTPTransport(verify=…)"
        )
    return None


def _of_certificate(code: int | None) -> str:
    if code in _EXPIRED:
        return "check the clock of this machine, and the certificate of the host"
    if code in _OTHER_HOST:
        return "check the endpoint: the certificate is for another host"
    return (
        "if the host, or a proxy that opens TLS, has a certificate of your organisation's own, "
        "set SSL_CERT_FILE to a file of the certificates to trust"
    )


def of_proxy(error: Exception) -> str | None:
    """Return what to do about the refusal of a proxy; None if it may pass."""
    text = str(error)
    status = re.match(r"(\d{3})\b", text)
    if status is None:
        return PROXY_LOGIN if text.startswith(_SOCKS_REFUSALS) else None
    if status[1] == "407":
        return PROXY_LOGIN
    if int(status[1]) in (*PASSING, 429):  # it cannot reach the host now, or has no time
        return None
    return "the proxy refuses to connect to this host: ask whoever runs it, or name the host in NO_PROXY"


UNSUPPORTED: Final = "use an address of http or https"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give an error and its causes, each once."""
    seen: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in seen:
        seen.append(each)
        yield each
        each = each.__cause__ or each.__context__
