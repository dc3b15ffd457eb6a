"""URLs that are permissions for a time: `soracom_async._core.signed_urls`, and how often their files are asked for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soracom_async._core.operation import Effect
from soracom_async._core.outcome import Response, TransportFailure
from soracom_async._core.ranges import proof_of
from soracom_async._core.retry import Attempts, Budget, Retry, Stop
from soracom_async._core.signed_urls import PATIENCE, SignedURL

ENDS = datetime(2026, 6, 4, 10, 10, tzinfo=UTC)
BEFORE, AT = "Thu, 04 Jun 2026 10:09:59 GMT", "Thu, 04 Jun 2026 10:10:00 GMT"
V4 = b"/a.mp4?X-Amz-Algorithm=x&X-Amz-Date=20260604T100000Z&X-Amz-Expires=600&X-Amz-Signature=s"
UNKNOWN = SignedURL(None)


def answered(status: int, date: str | None = None, **headers: str) -> Response:
    return Response(status, headers if date is None else {"date": date, **headers}, b"")


@pytest.mark.parametrize(
    ("target", "ends"),
    [
        (V4, ENDS),
        (b"/a?Expires=1780567800&Signature=s&Key-Pair-Id=k", ENDS),
        (b"/a?AWSAccessKeyId=k&Signature=s&Expires=1780567800", ENDS),
        (b"/a", None),
        (b"/a?signature=s", None),
        (b"/a?X-Amz-Expires=600", None),
        (b"/a?X-Amz-Date=20260604T100000Z", None),
        (b"/a?X-Amz-Date=yesterday&X-Amz-Expires=600", None),
        (b"/a?X-Amz-Date=20260604T100000Z&X-Amz-Expires=-5", None),
        (b"/a?X-Amz-Date=99991231T235959Z&X-Amz-Expires=999999999", None),
        (b"/a?Expires=soon", None),
        (b"/a?Expires=999999999999", None),
        (b"/a?Expires=Thu%2C+04+Jun+2026", None),
    ],
)
def test_when_a_url_ends(target, ends):
    """As its query says, in the ways of AWS."""
    assert SignedURL.of(target) == SignedURL(ends)


@given(st.binary(max_size=100))
def test_no_url_makes_it_fail(query):
    """Nor one that is longer, or stranger."""
    for prefix in (b"/?", b"/?Expires=", b"/?X-Amz-Expires=9&X-Amz-Date="):
        SignedURL.of(prefix + query)


@pytest.mark.parametrize("status", [403, 404])
def test_a_url_that_ran_out_is_not_asked_again(status):
    """By the clock of the host that refuses it: ours may be wrong."""
    url = SignedURL.of(V4)
    attempts = Attempts(5, signed=url)
    assert isinstance(attempts.decide(Effect.READ, answered(status, AT), Budget(), 0.0), Stop)
    assert url.reason(answered(status, AT)) == (
        "its URL ran out at 2026-06-04 10:10:00 UTC: ask for a new URL, or start the export again, and download it at "
        "once"
    )
    for date in (BEFORE, None, "soon", "Thu, 04 Jun 2026 10:10:00 -0000"):
        assert attempts.decide(Effect.READ, answered(status, date), Budget(), 0.0) != Stop()
        assert "not there yet" in url.reason(answered(status, date))


@pytest.mark.parametrize(
    "date",
    [
        "Thu, 04 Jun 2026 10:10:00 +99999999999999999999999",
        "Thu, 04 Jun 99999999999 10:10:00 GMT",
        "Thu, 04 Jun 2026 99999999999999999999:10:00 GMT",
    ],
)
def test_no_date_of_a_host_makes_it_fail(date):
    """A number in it may be larger than a date, or a C integer, can hold: then the date says nothing."""
    assert SignedURL.of(V4).may_come(answered(403, date))
    assert proof_of({"last-modified": BEFORE, "date": date}) is None


@pytest.mark.parametrize("status", [403, 404])
def test_a_file_that_is_not_there_yet(status):
    """It is asked for five times more within a quarter of a minute, at the cost of nobody's budget."""
    budget, attempts = Budget(left=0.0), Attempts(5, signed=UNKNOWN)
    pauses = [attempts.decide(Effect.READ, answered(status), budget, 0.0) for _ in range(5)]
    assert pauses == [Retry(0.5), Retry(1.0), Retry(2.0), Retry(4.0), Retry(5.0)]
    assert isinstance(attempts.decide(Effect.READ, answered(status), budget, 0.0), Stop)
    assert budget.left == 0
    assert "has run out" in UNKNOWN.reason(answered(status))


def test_patience_is_bounded():
    """However many repetitions are allowed, and however long the host asks to wait."""
    attempts, waited = Attempts(10_000, signed=UNKNOWN), 0.0
    while isinstance(decision := attempts.decide(Effect.READ, answered(404), Budget(), 0.0), Retry):
        waited += decision.after
    assert 10 <= waited <= PATIENCE
    asked = answered(404, **{"retry-after": "10"})
    attempts = Attempts(5, signed=UNKNOWN)
    assert attempts.decide(Effect.READ, asked, Budget(), 0.0) == Retry(10.0)
    assert isinstance(attempts.decide(Effect.READ, asked, Budget(), 0.0), Stop)
    assert isinstance(Attempts(5, 9.0, signed=UNKNOWN).decide(Effect.READ, asked, Budget(), 0.0), Stop)
    assert isinstance(Attempts(0, signed=UNKNOWN).decide(Effect.READ, answered(404), Budget(), 0.0), Stop)


def test_other_failures_are_what_they_are_elsewhere():
    """One count for all of them."""
    attempts = Attempts(2, signed=UNKNOWN)
    assert isinstance(attempts.decide(Effect.READ, answered(503), Budget(), 0.0), Retry)
    assert attempts.decide(Effect.READ, answered(404), Budget(), 0.0) == Retry(1.0)
    assert isinstance(attempts.decide(Effect.READ, TransportFailure("x", sent=True), Budget(), 0.0), Stop)
    for status in (400, 401, 410, 416):
        assert isinstance(Attempts(2, signed=UNKNOWN).decide(Effect.READ, answered(status), Budget(), 0.0), Stop)
        assert UNKNOWN.reason(answered(status)) == ""
    assert isinstance(Attempts(2).decide(Effect.READ, answered(404), Budget(), 0.0), Stop)
