"""The errors of the emulated service: their codes and status codes, and the exception that stands for one."""

from __future__ import annotations

from typing import Any, Self

from .texts import Named, Term, Text, is_name

CATALOG: dict[str, tuple[int, str]] = {
    # Known: codes that the service was seen to send. Its status codes are known for few of them.
    "AGW0002": (401, "The API key or the token is not valid."),
    "AGW0005": (500, "An internal error has occurred."),
    "ANA0005": (400, "The SQL query cannot be understood."),
    "ANA0011": (400, "The SQL query cannot be executed: {0}."),
    "AUM0001": (401, "An API key and a token are needed."),
    "AUM0002": (401, "The credentials are not right."),
    "AUM0003": (400, "The email address {0} is registered already."),
    "AUM0013": (401, "The token has expired."),
    "AUM0017": (403, "The SAM user {0} does not have the permission {1}. Log in again after it was given."),
    "COM0008": (400, "{0} is not an email address."),
    # The code is known, its status is not. Sending to a SIM that is offline is 400, 403 or 404 in reports of
    # the official command line (2025): 400, like other requests that the present state does not allow.
    "SEM0016": (400, "The subscriber is offline."),
    # Guessed: numbers from 9001. `*` stands for the area of the operation that is executed.
    "*9003": (400, "The request is not valid: {0}."),
    "*9006": (409, "The version has changed meanwhile."),
    "*9007": (404, "{0}"),
    "*9008": (409, "{0}"),
    "*9009": (400, "That is not possible now: {0}."),
    "COM9001": (404, "There is nothing at {0}."),
    "COM9002": (405, "The method {0} is not possible here."),
    "COM9003": (400, "The request is not valid: {0}."),
    "COM9004": (429, "Too many requests; wait for the next window."),
    "COM9005": (501, "The emulator does not know {0} yet."),
    "AUM9004": (401, "A valid one-time password is needed."),
    "AUM9005": (400, "A token lives {0} to {1} seconds."),
    "AUM9010": (400, "Multi-factor authentication is not in that state."),
    "AUM9011": (404, "There is no user like that."),
    "AUM9012": (400, "The token is not valid."),
    "AUM9013": (404, "The token is too old."),
    "AUM9014": (400, "Only the root user may do that."),
    "AUM9015": (400, "Switching to that user is not allowed."),
    "AUM9016": (403, "The email or the password is not right."),
    "AUM9017": (403, "The operator is not the one of this token."),
    "AUM9026": (400, "A switched user cannot switch again."),
    "AUM9028": (400, "The current password is not right."),
    "SCA9001": (403, "There is no free license {0}."),
    "SCA9002": (422, "The camera is offline."),
    "SEM9001": (404, "{0}"),
    "SEM9002": (400, "A SIM that is {0} cannot become {1}."),
    "SEM9004": (400, "The SIM is protected from termination; disable the protection first."),
    "SEM9011": (404, "{0}"),
    "SEM9023": (400, "The SIM is terminated."),
    "SEM9026": (400, "The {0} cannot be registered."),
    "SEM9027": (400, "The SIM is not online; state the IMEI."),
    "SEM9028": (400, "The speed class {0} does not exist for {1}."),
    "SEM9029": (404, "There is no such transfer token."),
    "SEM9031": (400, "The SIM does not support SMS, since it is virtual."),
    "SEM9032": (400, "A SIM that is {0} receives no SMS; activate it first."),
    "SEM9033": (400, "A SIM of {0} cannot become {1}; it can become {2}."),
    "SEM9034": (400, "The speed class of {0} cannot be changed; it is always {1}."),
    "SEM9035": (404, "The SIM has no expiry time."),
    "SEM9036": (400, "The SIM has expired; unset its expiry time or set a later one first."),
}
"""The status and the English sentence of each code."""


class Refusal(Exception):
    """An error that the service answers with: one of the codes of the catalog, and what goes into its sentence."""

    def __init__(self, code: str, *details: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(code, *map(str, details))
        self.code = code
        """The code; one that begins with `*` is completed by the area of the operation."""
        self.status: int
        self.status, template = CATALOG[code]
        self.text: Text = Text(template, *details)
        self.headers: dict[str, str] = headers or {}

    @classmethod
    def malformed(cls, problem: Text) -> Refusal:
        """Return a 400: the request has not the form that the operation declares."""
        return cls("COM9003", problem)

    @classmethod
    def invalid(cls, template: str, *details: Any) -> Refusal:
        """Return a 400: the request is not valid; the template and its details say why."""
        return cls("*9003", Text(template, *details))

    @classmethod
    def not_possible(cls, template: str, *details: Any) -> Refusal:
        """Return a 400: the request is valid, but not possible in the present state."""
        return cls("*9009", Text(template, *details))

    @classmethod
    def not_found(cls, kind: str, identifier: Any, code: str = "*9007") -> Refusal:
        """Return a 404: there is no record of this kind with this identifier."""
        if not is_name(identifier):
            return cls(code, Text("There is no such {0}.", Term(kind)))
        return cls(code, Text("There is no {0}.", Named(kind, identifier)))

    @classmethod
    def unknown(cls, kind: str, identifier: Any) -> Refusal:
        """Return a 400: the request names a record of this kind that does not exist."""
        return cls.invalid("the {0} does not exist", Named(kind, identifier))

    @classmethod
    def absent(cls, template: str, *details: Any) -> Refusal:
        """Return a 404 with a sentence of its own."""
        return cls("*9007", Text(template, *details))

    @classmethod
    def no_sim(cls, name: str) -> Refusal:
        """Return a 404: there is no such SIM."""
        return cls.not_found("SIM", name, "SEM9001")

    @classmethod
    def no_group(cls, group_id: str) -> Refusal:
        """Return a 404: there is no such group."""
        return cls.not_found("group", group_id, "SEM9011")

    @classmethod
    def exists(cls, kind: str, identifier: Any) -> Refusal:
        """Return a 409: the identifier is taken."""
        return cls("*9008", Text("The {0} exists already.", Named(kind, identifier)))

    @classmethod
    def email_taken(cls, email: str) -> Refusal:
        """Return a 400: the email address is registered already."""
        return cls("AUM0003", email)

    @classmethod
    def forbidden(cls, user: str, permission: str) -> Refusal:
        """Return a 403: the SAM user lacks a permission, as `Sim:listSims`."""
        return cls("AUM0017", user, permission)

    @classmethod
    def foreign_operator(cls) -> Refusal:
        """Return a 403: the user belongs to another operator."""
        return cls("AUM9017")

    @classmethod
    def wrong_password(cls) -> Refusal:
        """Return a 400: the current password is wrong."""
        return cls("AUM9028")

    @classmethod
    def invalid_token(cls) -> Refusal:
        """Return a 400: a token in the body of the request is not valid."""
        return cls("AUM9012")

    @classmethod
    def wrong_mfa_state(cls) -> Refusal:
        """Return a 400: multi-factor authentication is not in the state that the request needs."""
        return cls("AUM9010")

    @classmethod
    def internal_error(cls) -> Refusal:
        """Return the gateway's 500; its JSON comes as plain text."""
        return cls("AGW0005", headers={"content-type": "text/plain"})

    def with_status(self, status: int) -> Self:
        """Return this error with another status, where the service tells the same otherwise."""
        self.status = status
        return self

    def body(self, language: str, area: str) -> dict[str, str]:
        """Return the error in the API's unified form; `area` is the prefix of the operation's codes."""
        return {"code": self.code.replace("*", area), "message": self.text.within(language)}
