"""The errors of the library, all of one tree.

SoracomError
├── ConfigurationError      what was given cannot work; nothing was sent
├── TransportError          no answer: not reached, cut off
│   └── RequestTimeout      no answer in time
├── DecodeError             an answer that is not what the API promises
├── jobs.JobError           something that the service does in its own time: .job .state
│   ├── jobs.JobFailed      it ended without a result; .reason
│   └── jobs.JobTimeout     it is still under way
└── APIError                the API said no: .status .code .message .hint .operation .body .headers
    ├── BadRequest          400
    ├── Unauthorized        401
    │   └── AuthenticationFailed    the credentials themselves are refused
    ├── Forbidden           403
    ├── NotFound            404
    ├── Conflict            409
    ├── RateLimited         429; .retry_after
    └── ServerError         5xx

All that come from a call tell how often it was tried (.attempts) and how long that took (.elapsed). The class of an
APIError follows the status alone. `Code` has the codes of the API that are known; `.hint` says what helps against them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ._core.codes import Code as Code
from ._core.codes import hint_of

REQUEST_IDS = ("x-soracom-request-id", "x-request-id", "x-amzn-requestid", "x-amz-request-id", "x-amz-cf-id", "cf-ray")
"""The headers that name one request in the logs of the service, or of a gateway before it."""


class SoracomError(Exception):
    """The root of all errors of this library."""

    attempts: int = 0
    """How many requests the call made; 0 if it made none."""
    elapsed: float = 0.0
    """The seconds from the beginning of the call to the error, with all waiting."""

    def __str__(self) -> str:
        return f"{super().__str__()}{self._effort()}"

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (type(self), self.args, self.__dict__)

    def _effort(self) -> str:
        return f" (after {self.attempts} attempts in {self.elapsed:.1f} s)" if self.attempts > 1 else ""


class ConfigurationError(SoracomError):
    """What was given (arguments, credentials, profile, environment) cannot work; nothing was sent."""


class TransportError(SoracomError):
    """There is no answer: the service was not reached, or the connection broke.

    `sent` tells whether the request may have reached the service and been executed.
    """

    def __init__(self, message: str, *, operation: str = "", sent: bool = True) -> None:
        super().__init__(message)
        self.operation = operation
        self.sent = sent


class RequestTimeout(TransportError):
    """There was no answer within the time-out."""


class DecodeError(SoracomError):
    """An answer is not what the API promises: not JSON, cut short, or a listing that runs in a circle.

    `garbled` tells whether the answer was spoilt on its way, so that a repetition may help.
    """

    def __init__(self, message: str, *, garbled: bool = False) -> None:
        super().__init__(message)
        self.garbled = garbled


class APIError(SoracomError):
    """The API answered with an error.

    `status` is the HTTP status, `code` the API's own code (`AUM0017`; empty if the answer did not come from the API
    server), `message` its text in the session's language, `operation` the operationId. `body` is the whole answer: what
    its JSON says, or text if it is no JSON (of more than 256 KiB, the beginning). `headers` are the headers of the
    answer, by lower-case names. Tracebacks show the `hint` as a note, in a line of its own.
    """

    _by_status: ClassVar[dict[int, type[APIError]]] = {}

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str = "",
        operation: str = "",
        retry_after: float | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.operation = operation
        self.retry_after = retry_after
        """Seconds until a repetition makes sense, if the service said so."""
        self.body = body
        self.headers: Mapping[str, str] = dict(headers or {})
        if self.hint:
            self.add_note(self.hint)

    def __init_subclass__(cls, *, status: int | None = None) -> None:
        if status is not None:
            APIError._by_status[status] = cls

    def __str__(self) -> str:
        code = f" {self.code}" if self.code else ""
        request = f" [request {self.request_id}]" if self.request_id else ""
        return f"{self.operation or 'request'}: {self.status}{code}: {self.message}{request}{self._effort()}"

    @property
    def hint(self) -> str:
        """What helps against an error of this code, in English; empty if the code is not one of `Code`."""
        return hint_of(self.code)

    @property
    def request_id(self) -> str | None:
        """The name of the request in the logs of the service, which its support asks for; None if it gave none."""
        return next((self.headers[name] for name in REQUEST_IDS if self.headers.get(name)), None)

    @classmethod
    def of_status(cls, status: int) -> type[APIError]:
        """Return the error class of an HTTP status."""
        return APIError._by_status.get(status, ServerError if status >= 500 else APIError)


class BadRequest(APIError, status=400):
    """The API refuses the request as it is (400)."""


class Unauthorized(APIError, status=401):
    """The API refuses the token (401), even one just renewed.

    It also refuses tokens with 403 and one of three codes. The session renews the token then too; if that does not
    help, the error is `Forbidden`, with that code.
    """


class AuthenticationFailed(Unauthorized):
    """The API refuses the credentials, or the renewal of the token."""


class Forbidden(APIError, status=403):
    """The user is not permitted to do this (403); or the token is refused, if the code says so: see `hint`."""


class NotFound(APIError, status=404):
    """There is no such thing (404)."""


class Conflict(APIError, status=409):
    """The request contradicts the present state (409)."""


class RateLimited(APIError, status=429):
    """The quota is used up (429, or known beforehand with `wait=False`); `retry_after` has the seconds, if known."""


class ServerError(APIError):
    """The service failed (5xx)."""


def _restore(cls: type[SoracomError], args: tuple[object, ...], state: dict[str, object]) -> SoracomError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error
