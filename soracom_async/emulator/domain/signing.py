"""The signature of tokens: RS256 by a key pair for tests, or HS256 where `cryptography` is not installed."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any

import jwt
from attrs import frozen

KEY_ID = "soracom-emulator-test-key"
"""The `kid` of every token of the emulator. The service's tokens have one, too, but no public key set has it."""

# Not a leaked secret, whatever a scanner says: a key pair for tests, made for this file and published with it. It is
# the same in every emulator, so that a public key which a test has copied stays right. Never trust what it signed.
_PRIME_1 = int(
    "ed608a113de58635236b2bdf6b98042f9986823f0a04917bec59cc25d204e05ebbbe4d71c2fd211f924a99585f70b6b861461dafa8d5cd67"
    "a85c88c7cb44c0c0bb28d7926f23c99d153a007611557964437822808cdcb82911ea8c1d578e382be203624e023f1fdb70388251d5ec6031"
    "8b2e65a8b3daf9a8cd86184277af75bf",
    16,
)
_PRIME_2 = int(
    "d2a29e0e38ba0e15435c46f3765a3328c8fb83c850c38180f0a54e888f13fbb52ddc7bd25e835d9a5817a7b8cbd73e7cd4c4275ee3ab3d0d"
    "94dc4ef2c866a484e8d18dfd9b2c034760f557917a9e57be53c1d3598eafd2a0d834c53aeee292f9998c23f9f5b99bdb299612503bfd21d9"
    "49f60c1e0f46de0fb933623d87cbf317",
    16,
)
_EXPONENT = 65537
_SECRET = b"the emulator's tokens protect nothing, so its key is no secret"


@frozen(slots=True)
class _Signer:
    algorithm: str
    key: Any
    """What signs."""
    jwk: dict[str, Any]
    """What verifies."""
    pem: str | None
    """The same as PEM, if it is a public key."""


@cache
def _signer() -> _Signer:
    try:
        return _by_key_pair()
    except (ImportError, TypeError):  # TypeError: `cryptography` before 39, which cannot take the key unchecked
        k = base64.urlsafe_b64encode(_SECRET).rstrip(b"=").decode()
        return _Signer("HS256", _SECRET, {"kty": "oct", "k": k}, None)


def _by_key_pair() -> _Signer:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from jwt.algorithms import RSAAlgorithm

    p, q = _PRIME_1, _PRIME_2
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    exponents = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, *exponents, public)
    # The check takes as long as a hundred signatures, and would delay every start.
    key = numbers.private_key(unsafe_skip_rsa_key_validation=True)
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return _Signer("RS256", key, json.loads(RSAAlgorithm.to_jwk(key.public_key())), pem.decode())


def sign(claims: dict[str, Any]) -> str:
    """Return a token with these claims."""
    signer = _signer()
    return jwt.encode(claims, signer.key, algorithm=signer.algorithm, headers={"kid": KEY_ID})


def keys() -> dict[str, Any]:
    """Return what verifies tokens: a JWK set (RFC 7517) of one key, and beside it the key as PEM.

    Without `cryptography` the key is the shared secret of HS256, and `pem` is None.
    """
    signer = _signer()
    return {"keys": [signer.jwk | {"kid": KEY_ID, "alg": signer.algorithm, "use": "sig"}], "pem": signer.pem}
