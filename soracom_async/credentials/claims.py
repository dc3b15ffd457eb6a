"""What a token says of itself. Guide: Checking Coverage Types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import jwt

PUBLIC_KEY_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""The algorithms that are allowed where none are named: those of public keys."""


def unverified_claims(token: str) -> dict[str, Any]:
    """Return the claims of a token without verifying its signature; empty if it is no JWT.

    Good for reading what the service itself just sent over TLS; never for trusting a token that somebody handed in.
    """
    import jwt

    try:
        claims = jwt.decode(token, options={"verify_signature": False, "verify_exp": False, "verify_aud": False})
    except (jwt.PyJWTError, UnicodeEncodeError):
        return {}
    return claims


def verified_claims(token: str, key: Any, algorithms: list[str] | None = None) -> dict[str, Any]:
    """Return the claims of a token whose signature is verified with `key`.

    `key` is a PEM, a key of `cryptography`, a JWK (`jwt.PyJWK`, or its JSON as a dict), or a key set (`jwt.PyJWKSet`,
    or its JSON as a dict), out of which the token's `kid` chooses. `algorithms` defaults to those of public keys; `key`
    may also be a shared secret, if they name its own. Of them only those count for which the key is made, whatever the
    token says.

    The service publishes no key set that is known to have the `kid` of its tokens: what verifies them is a key that
    it gave you. Raises `jwt.InvalidTokenError` if the token does not verify, also because the set lacks its key, and
    ConfigurationError for a key that no algorithm takes.
    """
    claims = _verified(token, key, algorithms or PUBLIC_KEY_ALGORITHMS)
    del token, key  # a traceback with locals would show them
    if isinstance(claims, Exception):
        raise claims
    return claims


_NOT_CHECKED: Any = dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat", "verify_aud"), False)
"""Times are not checked, as the service does that by its own clock: this machine's may be slow."""


# The frames below hold secrets: they return what is wrong instead of raising it.


def _verified(token: str, key: Any, algorithms: list[str] | tuple[str, ...]) -> dict[str, Any] | Exception:
    import jwt
    from jwt.algorithms import has_crypto

    if not str(token).isascii():
        return jwt.DecodeError("the token is no text of ASCII")
    try:
        header = jwt.get_unverified_header(token)
        algorithm, key_id = str(header.get("alg")), header.get("kid")
        if algorithm not in algorithms:
            return jwt.InvalidAlgorithmError(f"the token is signed by {algorithm}; allowed: {_listed(algorithms)}")
        if not algorithm.startswith("HS") and not has_crypto:
            return ConfigurationError("to verify a signature takes the package cryptography: pip install cryptography")
        if isinstance(key, jwt.PyJWKSet) or (isinstance(key, dict) and "kty" not in key):
            key = _chosen(key, key_id)
            if key is None:
                return jwt.InvalidTokenError(_no_key(key_id))
        fitting = _fitting(key, algorithms)
        if not fitting:
            return ConfigurationError(
                f"the key is none for {_listed(algorithms)}: give a public key (PEM, cryptography's or jwt.PyJWK) or a "
                "key set; a shared secret needs its algorithm, as in algorithms=['HS256']"
            )
        if algorithm not in fitting:
            return jwt.InvalidAlgorithmError(f"the token is signed by {algorithm}; the key is for {_listed(fitting)}")
        return jwt.decode(token, fitting[algorithm], algorithms=[algorithm], options=_NOT_CHECKED)
    except jwt.InvalidTokenError as error:
        error.__cause__ = error.__context__ = None  # their frames hold the token too
        return error.with_traceback(None)


def _listed(algorithms: Iterable[str]) -> str:
    return ", ".join(algorithms)


def _chosen(keys: dict[str, Any] | jwt.PyJWKSet, key_id: str | None) -> Any:
    """Return the key of a set by its id; None if the set has none of that id, or none that can be used."""
    import jwt

    try:
        found = jwt.PyJWKSet.from_dict(keys) if isinstance(keys, dict) else keys
    except jwt.PyJWTError:
        return None
    return next((each for each in found.keys if key_id is not None and each.key_id == key_id), None)


def _no_key(key_id: str | None) -> str:
    which = (
        "the token names no key" if key_id is None else f"the key set has no key {key_id[:100]!r} that could be used"
    )
    return (
        f"{which}, so a key set cannot verify it, and Soracom is not known to publish one that could. There remain a "
        "key that it gave you, as in verified_claims(key), and unverified_claims(), for a token of your own login"
    )


def _fitting(key: Any, algorithms: Iterable[str]) -> dict[str, Any]:
    """Return the algorithms for which a key is made, each with the key in its form.

    So no token chooses what its key is taken for: a public key is never the secret of HS256.
    """
    import jwt

    if isinstance(key, dict):
        try:
            key = jwt.PyJWK.from_dict(key)
        except jwt.PyJWTError:
            return {}
    if isinstance(key, jwt.PyJWK):
        key = key.key
    fitting: dict[str, Any] = {}
    for name in algorithms:
        try:
            prepared = jwt.get_algorithm_by_name(name).prepare_key(key)
        except (jwt.PyJWTError, NotImplementedError, TypeError, ValueError):
            continue
        fitting[name] = prepared.public_key() if hasattr(prepared, "public_key") else prepared
    return fitting


def coverage_types(token: str) -> tuple[str, ...]:
    """Return the coverage types that a token names, unverified: `("jp", "g")`."""
    operator = unverified_claims(token).get("operator")
    types = operator.get("coverageTypes") if isinstance(operator, dict) else None
    return tuple(t for t in types if isinstance(t, str)) if isinstance(types, list) else ()
