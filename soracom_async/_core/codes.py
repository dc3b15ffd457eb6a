"""The codes of the API's errors. Knows those that public sources name, and what helps; must not know how one came.

Sources: the API document (SEM0016), the official command line (SEM0049), public clients and recorded answers of 2016 to
2025 (all others). The service has many more codes, and no public list of them.
"""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """A code that `APIError.code` may have: `if error.code == Code.PERMISSION_MISSING`."""

    TOKEN_MISSING = "AUM0001"  # noqa: S105 - a code
    """No token came with the request."""
    CREDENTIALS_WRONG = "AUM0002"
    """The AuthKey, or the user with this password, does not exist."""
    EMAIL_TAKEN = "AUM0003"
    """There is an operator with this email address already."""
    EMAIL_UNKNOWN = "AUM0004"
    """No operator has the email address: seen for a password reset until June 2016. AUM0015 came in its place then;
    what is sent today is not known."""
    TOKEN_INVALID = "AUM0013"  # noqa: S105 - a code
    """The token is none that is valid now."""
    PERMISSION_MISSING = "AUM0017"
    """The SAM user has not the permission that the message names."""
    KEY_OR_TOKEN_INVALID = "AGW0002"  # noqa: S105 - a code
    """The API key and token are no pair that is valid now."""
    INTERNAL_ERROR = "AGW0005"
    """The gateway before the API failed."""
    SUBSCRIBER_OFFLINE = "SEM0016"
    """The SIM has no session."""
    SIM_PERMISSION_MISSING = "SEM0049"
    """The SAM user has not the permission that the message names; said by the operations of SIMs."""
    EMAIL_MALFORMED = "COM0008"
    """The email address has not the form of one."""
    SQL_INVALID = "ANA0005"
    """The SQL of an analysis cannot be run."""
    SQL_REFUSED = "ANA0011"
    """The SQL of an analysis cannot be run; how this differs from the other is not known."""

    @property
    def hint(self) -> str:
        """What helps."""
        return _HINTS[self]


REFUSED_TOKEN = frozenset((Code.TOKEN_MISSING, Code.TOKEN_INVALID, Code.KEY_OR_TOKEN_INVALID))
"""What the service says with status 403 of a token that is bad or has run out; public clients log in anew then."""


def hint_of(code: str) -> str:
    """Return what helps against an error of this code; empty if the code is not known."""
    return Code(code).hint if code in _KNOWN else ""


_KNOWN = frozenset(Code)
_REFUSED = (
    "the token was refused although the session had just renewed it, or could not renew it: "
    "look whether the AuthKey, the password or the user still exists, and give credentials that can log in"
)
_PERMISSION = (
    "an administrator has to give the SAM user the permission; a token keeps the permissions of its login, "
    "so log in anew then: 'await soracom.logout()', or a new session"
)
_SQL = "correct the SQL: analysis.schemas() says which tables and columns there are"
_HINTS = {
    Code.TOKEN_MISSING: _REFUSED,
    Code.CREDENTIALS_WRONG: "look at the AuthKey or the password, and whether they are of this operator and endpoint",
    Code.EMAIL_TAKEN: "log in with this email address, or take another",
    Code.EMAIL_UNKNOWN: "look at the email address, and whether the operator is one of this endpoint",
    Code.TOKEN_INVALID: _REFUSED,
    Code.PERMISSION_MISSING: _PERMISSION,
    Code.KEY_OR_TOKEN_INVALID: _REFUSED,
    Code.INTERNAL_ERROR: "the service failed: try again later, and give its support the request's id",
    Code.SUBSCRIBER_OFFLINE: "wait until the device has a session: sims.get() shows it as session_status.online",
    Code.SIM_PERMISSION_MISSING: _PERMISSION,
    Code.EMAIL_MALFORMED: "look at the email address",
    Code.SQL_INVALID: _SQL,
    Code.SQL_REFUSED: _SQL,
}
