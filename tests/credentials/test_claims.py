"""What a token says of itself: `soracom_async.credentials.claims`."""

import base64
import hashlib
import hmac
import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from leaks import canary, report_of, sings

from soracom_async import ConfigurationError
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


@pytest.mark.parametrize("token", ["", "no token", "a.b.c", "e30.W10.x", "\ud800.a.b"])
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


def test_a_clock_that_is_slow_does_not_matter():
    """Whether a token is valid now is the service's affair, which goes by its own clock."""
    later = {**CLAIMS, "iat": 2**33, "nbf": 2**33 - 120, "exp": 1}
    assert verified_claims(jwt.encode(later, KEY, algorithm="RS256"), KEY.public_key()) == later


def test_claims_are_verified_by_a_set_of_keys():
    """Of a set, the key that the token names verifies it."""
    assert verified_claims(TOKEN, key_set(two=OTHER, one=KEY)) == CLAIMS
    assert verified_claims(TOKEN, jwt.PyJWKSet.from_dict(key_set(one=KEY))) == CLAIMS
    with pytest.raises(jwt.InvalidTokenError, match="no key 'one'"):
        verified_claims(TOKEN, key_set(two=OTHER))
    with pytest.raises(jwt.InvalidSignatureError):
        verified_claims(TOKEN, key_set(one=OTHER))


KEYS = {
    "RS256": KEY,
    "PS384": KEY,
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


def public(key, form=serialization.Encoding.PEM):
    """Return a public key as bytes."""
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(form, info)


def signed(secret: bytes, **header):
    """Return a token with a signature of HS256 by `secret`, which may be no secret at all."""
    parts = [header, {"operator": {"operatorId": "OP9999999999"}}]
    text = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    signature = hmac.new(secret, text, hashlib.sha256).digest()
    return b".".join([text, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


@pytest.mark.parametrize("name", KEYS)
def test_each_kind_of_key(name):
    """As PEM, as an object, as one of a set; a private key is as good as its public one."""
    key = KEYS[name]
    token = jwt.encode(CLAIMS, key, algorithm=name, headers={"kid": "one"})
    jwk = json.loads(jwt.get_algorithm_by_name(name).to_jwk(key.public_key())) | {"kid": "one"}
    forms = (public(key), public(key).decode(), key.public_key(), key, jwt.PyJWK(jwk), jwk, {"keys": [jwk]})
    for given in forms:
        assert verified_claims(token, given) == CLAIMS
    with pytest.raises(jwt.InvalidTokenError):
        verified_claims(token[:-8] + "AAAAAAAA", public(key))


@pytest.mark.parametrize("kid", ["one", None])
@pytest.mark.parametrize(
    "keys",
    [{"keys": []}, {}, {"keys": None}, {"keys": [1]}, {"keys": [{"kty": "RSA", "kid": "one"}]}, key_set(two=OTHER)],
    ids=["empty", "no set", "null", "numbers", "not usable", "other keys"],
)
def test_a_set_without_the_key(keys, kid):
    """The error names the key that the token says, and what remains possible."""
    which = "the token names no key" if kid is None else "the key set has no key 'one' that could be used"
    token = jwt.encode(CLAIMS, KEY, algorithm="RS256", headers={"kid": kid} if kid else {})
    with pytest.raises(jwt.InvalidTokenError) as caught:
        verified_claims(token, keys)
    assert str(caught.value) == (
        f"{which}, so a key set cannot verify it, and Soracom is not known to publish one that could. There remain a "
        "key that it gave you, as in verified_claims(key), and unverified_claims(), for a token of your own login"
    )


@pytest.mark.parametrize("name", KEYS)
def test_a_key_for_another_algorithm(name):
    """Whoever makes the token chooses its algorithm, so that is an error of the token."""
    token = jwt.encode(CLAIMS, KEYS[name], algorithm=name, headers={"kid": "one"})
    others = [key for key in KEYS.values() if type(key) is not type(KEYS[name])]
    for key in others:
        for given in (public(key), key.public_key()):
            with pytest.raises(jwt.InvalidAlgorithmError, match=f"the token is signed by {name}; the key is for "):
                verified_claims(token, given)
    with pytest.raises(jwt.InvalidAlgorithmError, match=f"signed by {name}; allowed: RS512, HS256"):
        verified_claims(token, KEYS[name].public_key(), ["RS512", "HS256"])


@pytest.mark.parametrize("algorithms", [None, ["HS256"], ["HS256", "RS256"], ["RS256", "none"]])
@pytest.mark.parametrize("secret", [public(KEY), public(KEY).rstrip(), public(KEY, serialization.Encoding.DER), b""])
def test_a_public_key_is_no_secret(secret, algorithms):
    """A token that is signed with a public key as if that were a secret does not verify, nor one without signature."""
    sets = key_set(one=KEY)
    for token in (
        signed(secret, alg="HS256", kid="one"),
        signed(secret, alg="none", kid="one"),
        signed(secret, kid="one"),
    ):
        for key in (
            public(KEY),
            public(KEY).decode(),
            KEY.public_key(),
            sets,
            sets["keys"][0],
            jwt.PyJWK(sets["keys"][0]),
        ):
            with pytest.raises((jwt.InvalidTokenError, ConfigurationError)):
                verified_claims(token, key, algorithms)


@pytest.mark.parametrize(
    "key",
    [
        *("garbage", b"\xff", "", 5, None, [1], object(), {"kty": "RSA"}, {"kty": 5}),
        "-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----",
    ],
)
def test_what_is_no_key(key):
    """That is the caller's mistake, whatever the token is."""
    with pytest.raises(ConfigurationError, match="the key is none for RS256, .*: give a public key"):
        verified_claims(TOKEN, key)
    with pytest.raises(ConfigurationError, match="the key is none for XX1, RS256: "):
        verified_claims(TOKEN, key, ["XX1", "RS256"])


@pytest.mark.parametrize("token", ["", "no token", "a.b.c", "e30.W10.x", "\ud800.a.b", "é.a.b", 5])
def test_what_is_no_token(token):
    """It does not verify."""
    with pytest.raises(jwt.InvalidTokenError):
        verified_claims(token, KEY.public_key())


def test_without_cryptography(monkeypatch):
    """The error names the package; a shared secret does not need it."""
    monkeypatch.setattr("jwt.algorithms.has_crypto", False)
    with pytest.raises(ConfigurationError, match="pip install cryptography"):
        verified_claims(TOKEN, key_set(one=KEY))
    assert verified_claims(jwt.encode(CLAIMS, "k" * 32), "k" * 32, ["HS256"]) == CLAIMS


def test_neither_token_nor_secret_is_shown():
    """Not in a traceback with locals either."""

    def secret():
        return canary(length=8)

    with pytest.raises(jwt.InvalidSignatureError) as caught:
        verified_claims(jwt.encode({"a": canary()}, "k" * 32), secret(), ["HS256"])
    assert not sings(report_of(caught.value))
    with pytest.raises(ConfigurationError) as caught:
        verified_claims(jwt.encode({"a": canary()}, KEY, algorithm="RS256"), secret())
    assert not sings(report_of(caught.value))
    for token in ("!{}.{}.{}", "e30.{}.{}", "eyJhbGciOiJSUzI1NiJ9.{}!.!{}"):
        with pytest.raises(jwt.InvalidTokenError) as caught:
            verified_claims(token.replace("{}", canary()), KEY.public_key())
        assert not sings(report_of(caught.value))
