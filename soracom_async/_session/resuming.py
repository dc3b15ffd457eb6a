"""A body that breaks off and goes on: behind what was given, or from its beginning if nothing was."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from .._core.outcome import TransportFailure
from .._core.ranges import Part, proof_of
from .._http.decoding import codings
from .._http.exchange import Headers, Request
from .._http.streaming import StreamingResponse
from ..errors import APIError

Begin: TypeAlias = Callable[[Headers], Awaitable[StreamingResponse]]
"""Sends the request, with more headers, and waits for the head of the response; raises what calls raise."""

Repeats: TypeAlias = Callable[[TransportFailure, bool], Awaitable[bool]]
"""Returns, after a delay, whether a body is asked for again after a failure; is told whether some of it came before."""

CHANGED = TransportFailure("the body broke off, and the host has another in its place: begin again", sent=True)


class ResumingResponse:
    """A response whose body goes on after a break, where what comes is proved to be the rest.

    A storage host is asked for the part that is missing, by Range and If-Range. If it answers with the whole, what was
    given before is left out: it must be the same, by the host's word or by its bytes.
    """

    def __init__(self, response: StreamingResponse, begin: Begin, repeats: Repeats) -> None:
        self._begin = begin
        self._repeats = repeats
        self._failure: TransportFailure | None = None
        """What ended the body for good."""
        self._start(response)

    def _start(self, response: StreamingResponse) -> None:
        self._first = self._present = response
        self._proof = proof_of(response.headers)
        stored = response.request.stored
        self._total = response.length if stored else None
        self._given = self._left_out = self._broke_at = 0
        """Bytes given to the caller, bytes still to come that were given before, and bytes given at the last break."""
        self._digest = hashlib.blake2b() if stored and self._proof is None else None
        """Of what was given, where the host has no proof of its own."""
        self._repeated = hashlib.blake2b()

    @property
    def request(self) -> Request:
        """The request that was answered first."""
        return self._first.request

    @property
    def status(self) -> int:
        """The HTTP status of the first answer."""
        return self._first.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the first answer."""
        return self._first.headers

    @property
    def length(self) -> int | None:
        """The bytes that the body will have; None if nobody knows."""
        return self._first.length

    async def receive(self, timeout: float) -> bytes | TransportFailure | None:
        """Return the next chunk of the body, None at its end; or why none comes. Raises what the request raises."""
        while self._failure is None:
            chunk = await self._present.receive(timeout)
            outcome = self._fresh(chunk) if isinstance(chunk, bytes) else chunk or self._missing()
            if isinstance(outcome, TransportFailure):
                self._failure = await self._go_on(outcome)
            elif outcome != b"":
                return outcome
        await self.aclose()
        return self._failure

    def _fresh(self, chunk: bytes) -> bytes | TransportFailure:
        """Return what of a chunk was not given before."""
        if self._left_out:
            again, chunk = chunk[: self._left_out], chunk[self._left_out :]
            self._left_out -= len(again)
            if self._digest is not None:
                self._repeated.update(again)
                if not self._left_out and self._repeated.digest() != self._digest.digest():
                    return CHANGED
        if self._digest is not None:
            self._digest.update(chunk)
        self._given += len(chunk)
        return chunk if self._total is None or self._given <= self._total else CHANGED

    def _missing(self) -> TransportFailure | None:
        """Return what the end of a body means that came too early."""
        if self._left_out:
            return CHANGED
        if self._total is None or self._given == self._total:
            return None
        return TransportFailure(f"the body ends after {self._given} of {self._total} bytes", sent=True)

    async def _go_on(self, failure: TransportFailure) -> TransportFailure | None:
        """Ask for what is missing; return why nothing more comes."""
        if failure is CHANGED or (self._given and not self.request.stored):
            return failure
        came, self._broke_at = self._given > self._broke_at, self._given
        if not await self._repeats(failure, came):
            return failure
        await self._present.aclose()
        if not self._given:
            self._start(await self._begin(()))
            return None
        asked: Headers = ()
        if self._proof is not None and not codings(self.headers):
            asked = (b"range", b"bytes=%d-" % self._given), (b"if-range", self._proof.encode("latin-1"))
        try:
            self._present = await self._begin(asked)
        except APIError as error:
            if error.status != 416 or not asked:
                raise
            self._present = await self._begin(())  # the part is not there, so perhaps the body is another
        return None if self._continues(self._present) else CHANGED

    def _continues(self, response: StreamingResponse) -> bool:
        """Return whether a response has the rest of the body, or the whole of it once more."""
        proof, total = proof_of(response.headers), response.length
        if response.status == 206:
            part = Part.of(response.headers)
            if part is None or part.first != self._given or codings(response.headers):
                return False
            total = part.total
            proof = proof or self._proof  # the host has compared it
            self._left_out = 0
        else:
            self._left_out, self._repeated = self._given, hashlib.blake2b()
        if self._total is None and not codings(self.headers):
            self._total = total
        same = self._proof in (None, proof) and total in (None, self._total)
        return same and response.status in (200, 206)

    async def aclose(self) -> None:
        """Give the connection back, or give it up."""
        await self._present.aclose()
