"""What the service always sends: the few fields of answers that are never None. Everything else may be missing."""

from __future__ import annotations

ALWAYS: dict[str, frozenset[str]] = {
    "AuthKeyResponse": frozenset({"authKeyId"}),
    "AuthResponse": frozenset({"apiKey", "operatorId", "token"}),
    "GenerateOperatorsAuthKeyResponse": frozenset({"authKey", "authKeyId"}),
    "GenerateTokenResponse": frozenset({"token"}),
    "GetOperatorResponse": frozenset({"operatorId"}),
    "Group": frozenset({"groupId", "operatorId"}),
    "Sim": frozenset({"simId"}),
    "Subscriber": frozenset({"imsi"}),
}
