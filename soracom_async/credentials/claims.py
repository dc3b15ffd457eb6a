"""What a token says of itself. Guide: Checking Coverage Types."""

from __future__ import annotations

from typing import Any


def unverified_claims(token: str) -> dict[str, Any]:
    """Return the claims of a token without verifying its signature; empty if it is no JWT.

    Good for reading what the service itself just sent over TLS; never for trusting a token that somebody handed in.
    """
    import jwt

    try:
        claims = jwt.decode(token, options={"verify_signature": False, "verify_exp": False, "verify_aud": False})
    except jwt.PyJWTError:
        return {}
    return claims


def verified_claims(token: str, key: Any, algorithms: list[str] | None = None) -> dict[str, Any]:
    """Return the claims of a token whose signature is verified with `key`.

    `key` is a PEM or a secret, a `jwt.PyJWK`, or a key set (`jwt.PyJWKSet`, or its JSON as a dict), out of which the
    token's `kid` chooses. Raises `jwt.InvalidTokenError` if the token does not verify. `algorithms` defaults to
    those of public keys; a shared secret must name its own.
    """
    import jwt

    if isinstance(key, dict):
        key = jwt.PyJWKSet.from_dict(key)
    if isinstance(key, jwt.PyJWKSet):
        key_id = str(jwt.get_unverified_header(token).get("kid"))
        try:
            key = key[key_id]
        except KeyError:
            raise jwt.InvalidTokenError(f"the key set has no key {key_id!r}") from None
    allowed = algorithms or ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA"]
    return jwt.decode(token, key, algorithms=allowed, options={"verify_exp": False, "verify_aud": False})


def coverage_types(token: str) -> tuple[str, ...]:
    """Return the coverage types that a token names, unverified: `("jp", "g")`."""
    operator = unverified_claims(token).get("operator")
    types = operator.get("coverageTypes") if isinstance(operator, dict) else None
    return tuple(t for t in types if isinstance(t, str)) if isinstance(types, list) else ()
