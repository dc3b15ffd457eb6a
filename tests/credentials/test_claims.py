"""What a token says of itself: `soracom_async.credentials.claims`."""

import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from soracom_async.credentials.claims import coverage_types, unverified_claims, verified_claims

CLAIMS = {"operator": {"operatorId": "OP0000000001", "coverageTypes": ["jp", "g"]}}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
TOKEN = jwt.encode(CLAIMS, KEY, algorithm="RS256", headers={"kid": "one"})


def key_set(**keys):
    """Return a set of public keys by their ids, as JSON."""
    texts = {name: jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()) for name, key in keys.items()}
    return {"keys": [json.loads(text) | {"kid": name, "use": "sig"} for name, text in texts.items()]}


def test_claims_are_read_without_verifying():
    """The name says that nothing is verified; a token long past its `exp` is read all the same."""
    assert unverified_claims(TOKEN) == CLAIMS
    assert unverified_claims(jwt.encode({**CLAIMS, "exp": 1, "aud": "x"}, "k" * 32)) == {**CLAIMS, "exp": 1, "aud": "x"}


@pytest.mark.parametrize("token", ["", "no token", "a.b.c", "e30.W10.x"])
def test_what_is_no_token_has_no_claims(token):
    """A token of another kind is no error: it says nothing of itself."""
    assert unverified_claims(token) == {}
    assert coverage_types(token) == ()


@pytest.mark.parametrize(
    ("claims", "types"),
    [(CLAIMS, ("jp", "g")), ({}, ()), ({"operator": 5}, ()), ({"operator": {"coverageTypes": ["g", 5]}}, ("g",))],
)
def test_coverage_types(claims, types):
    """The coverage types of the guide, whatever else a token has."""
    assert coverage_types(jwt.encode(claims, "k" * 32)) == types


def test_claims_are_verified_by_a_key():
    """A public key, or a shared secret with its algorithm, verifies the signature."""
    assert verified_claims(TOKEN, KEY.public_key()) == CLAIMS
    assert verified_claims(jwt.encode(CLAIMS, "k" * 32), "k" * 32, ["HS256"]) == CLAIMS
    with pytest.raises(jwt.InvalidSignatureError):
        verified_claims(TOKEN, OTHER.public_key())
    with pytest.raises(jwt.InvalidTokenError):
        verified_claims(jwt.encode(CLAIMS, "k" * 32), "k" * 32)


def test_claims_are_verified_by_a_set_of_keys():
    """Of a set, the key that the token names verifies it."""
    assert verified_claims(TOKEN, key_set(two=OTHER, one=KEY)) == CLAIMS
    assert verified_claims(TOKEN, jwt.PyJWKSet.from_dict(key_set(one=KEY))) == CLAIMS
    with pytest.raises(jwt.InvalidTokenError, match="no key 'one'"):
        verified_claims(TOKEN, key_set(two=OTHER))
    with pytest.raises(jwt.InvalidSignatureError):
        verified_claims(TOKEN, key_set(one=OTHER))
