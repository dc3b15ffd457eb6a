"""Names: on the wire, in Python, of classes, of constants and in prose."""

from __future__ import annotations

import keyword
import re

from soracom_async._registry import CASE

BOUNDARY = re.compile(f"{CASE}|[^A-Za-z0-9]+")
ACRONYMS = {
    *("api", "arc", "http", "iccid", "id", "imei", "imsi", "ip", "mfa", "msisdn", "otp", "rtsp", "sim", "sms", "ssh"),
    *("tcp", "udp", "url", "vpc", "vpg"),
}
RESERVED = {
    *("ACT", "ARRAY", "Any", "Content", "Day", "Effect", "EpochMilliseconds", "EpochSeconds", "FilePath"),
    *("ISODateTime", "Inner", "Instant"),
    *("LAST_EVALUATED_KEY", "Literal", "Mapping", "Model", "Month", "Operation", "Pages", "Paging", "Parameter"),
    *("READ", "Required", "Resource", "SET", "Second", "Sequence", "Text", "TypedDict"),
}
"""Names that every generated module may import."""


def words(name: str) -> list[str]:
    """Split `mfaOTPCode`, `set-group` or `API Sandbox: Order` into its words, in lower case."""
    return [word.lower() for word in BOUNDARY.split(name) if word]


def snake(name: str) -> str:
    """`mfaOTPCode` -> `mfa_otp_code`; a keyword gets a `_` behind it."""
    made = "_".join(words(name))
    return made + "_" if keyword.iskeyword(made) else made


def camel(name: str) -> str:
    """`auth-keys` -> `AuthKeys`; capitals that are there stay."""
    return "".join(word[0].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name) if word)


def constant(operation_id: str) -> str:
    """`getSim` -> `GET_SIM`."""
    return "_".join(words(operation_id)).upper()


def module(tag: str) -> str:
    """The module of a tag; all tags of the API Sandbox share one."""
    return "sandbox" if tag.startswith("API Sandbox") else snake(tag)


def class_name(schema: str) -> str:
    """The class of a schema: `sandboxTagSet` -> `SandboxTagSet`; what we import under that name ourselves keeps it."""
    made = camel(schema)
    return made + "Model" if made in RESERVED else made


def spoken(name: str) -> str:
    """`listSimStatusHistory` -> `List SIM status history`."""
    said = ["SIMs" if w == "sims" else w.upper() if w in ACRONYMS else w for w in words(name)]
    return said[0][0].upper() + " ".join(said)[1:]
