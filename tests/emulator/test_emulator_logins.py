from __future__ import annotations

import copy
import json
import re
import sys

import httpx
import jwt
import pytest
from plain import log_in, open_client, refused

from soracom_async import SamUser, Soracom
from soracom_async.credentials.claims import verified_claims
from soracom_async.emulator import Emulator, totp
from soracom_async.emulator.domain import signing
from soracom_async.emulator.domain.permissions import ADMINISTRATOR

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("kind", ["auth_key", "root_user", "sam_user"])
async def test_each_login_gives_key_and_token(emulator, kind):
    """An AuthKey, a root user and a SAM user log in; only the SAM user's name is answered."""
    async with open_client(emulator) as client:
        answer = await log_in(client, getattr(emulator, kind))
        assert answer.status_code == 200
        session = answer.json()
        assert session["operatorId"] == emulator.operator_id
        assert session.get("userName") == ("sam" if kind == "sam_user" else None)
        assert (await client.get("/sims")).status_code == 200
        assert (emulator.logins, emulator.requests) == (1, 2)
        assert emulator.counts == {"auth": 1, "listSims": 1}


@pytest.mark.parametrize(
    "body",
    [
        {"email": "root@example.com", "password": "no"},
        {"email": "nobody@example.com", "password": "no"},
        {"authKeyId": "keyId-no", "authKey": "no"},
        {"operatorId": "OP0", "userName": "sam", "password": "no"},
    ],
)
async def test_wrong_credentials_are_refused(emulator, body):
    """Whatever of them is wrong, the answer is the same 401."""
    async with open_client(emulator) as client:
        assert refused(await client.post("/auth", json=body), 401, "AUM0002")
    assert emulator.logins == 0


async def test_wrong_secrets_of_known_users_are_refused(emulator):
    """A known AuthKey or SAM user needs the right secret; a SAM user without a password has none."""
    emulator.world.add_user(emulator.operator, "silent")
    async with open_client(emulator) as client:
        for body in (
            {"authKeyId": emulator.auth_key.auth_key_id, "authKey": "no"},
            {"operatorId": emulator.operator_id, "userName": "sam", "password": "no"},
            {"operatorId": emulator.operator_id, "userName": "silent", "password": ""},
        ):
            assert refused(await client.post("/auth", json=body), 401, "AUM0002")


@pytest.mark.parametrize("body", [{}, {"email": "a"}, {"authKeyId": "a"}, {"operatorId": "a", "password": "b"}])
async def test_half_a_login_is_a_bad_request(emulator, body):
    """Half a pair of credentials is no login at all."""
    async with open_client(emulator) as client:
        assert refused(await client.post("/auth", json=body), 400, "AUM9003")


@pytest.mark.parametrize(("seconds", "right"), [(179, False), (180, True), (172_800, True), (172_801, False)])
async def test_a_token_lives_within_bounds(emulator, seconds, right):
    """180 to 172,800 seconds may be asked for."""
    async with open_client(emulator) as client:
        answer = await log_in(client, emulator.root_user, tokenTimeoutSeconds=seconds)
        assert answer.status_code == 200 if right else refused(answer, 400, "AUM9005")


async def test_a_token_expires_by_the_emulators_clock(emulator, clock):
    """A token is good until its last moment, and dead from then on."""
    async with open_client(emulator) as client:
        await log_in(client, emulator.root_user, tokenTimeoutSeconds=180)
        await clock.advance(179)
        assert (await client.get("/groups")).status_code == 200
        emulator.advance(1)
        for _ in range(2):
            answer = await client.get("/groups")
            assert refused(answer, 401, "AUM0013")
        # It counts where requests without a token do, and not in the operator's quota.
        assert answer.headers["x-soracom-ratelimit-remaining"] == "998"


async def test_token_ttl_overrides_what_is_asked_for(clock):
    """With token_ttl a token dies sooner than the client asked for."""
    emulator = Emulator(sims=1, token_ttl=2, clock=clock)
    async with open_client(emulator) as client:
        await log_in(client, emulator.root_user, tokenTimeoutSeconds=3600)
        emulator.advance(2)
        assert refused(await client.get("/groups"), 401, "AUM0013")


async def test_a_token_says_operator_and_coverage(emulator, client):
    """The token is a signed JWT with the operator and its coverage types, also one added meanwhile."""
    emulator.operator.coverages.remove("g")
    operator = f"/operators/{emulator.operator_id}"
    for _ in range(2):
        assert (await client.post(f"{operator}/coverage_type/g")).status_code == 201
    assert refused(await client.post(f"{operator}/coverage_type/moon"), 400, "AUM9003")
    token = (await client.post(f"{operator}/token", json={})).json()["token"]
    claims = verified_claims(token, emulator.token_keys)
    assert claims["operator"]["operatorId"] == emulator.operator_id
    assert claims["operator"]["coverageTypes"] == ["jp", "g"]
    assert claims["exp"] - claims["iat"] == 86_400


async def test_a_token_has_the_claims_of_the_service(emulator, client):
    """Issuer, audience and what it says of the operator are as the service's, for a root user and a SAM user."""
    at = int(emulator.world.wall())
    everything = [{"statements": [{"effect": "allow", "api": "*"}]}]
    operator = {
        "operatorId": emulator.operator_id,
        "coverageTypes": ["jp", "g"],
        "coverageTypeAttributes": {"jp": {}, "g": {}},
        "accountType": "standard",
        "paymentMethodStatus": "active",
        "permissions": everything,
    }
    head = jwt.get_unverified_header(client.headers["X-Soracom-Token"])
    assert head == {"alg": "RS256", "kid": "soracom-emulator-test-key", "typ": "JWT"}
    claims = verified_claims(client.headers["X-Soracom-Token"], emulator.token_keys)
    assert claims.pop("jti")
    assert claims == {
        "iss": "soracom.io",
        "aud": "Operator",
        "sub": "soracom",
        "iat": at,
        "nbf": at - 120,
        "exp": at + 86_400,
        "operator": operator,
    }
    async with open_client(emulator) as sam:
        await log_in(sam, emulator.sam_user)
        claims = verified_claims(sam.headers["X-Soracom-Token"], emulator.token_keys)
        assert claims["operator"] == operator | {
            "userName": "sam",
            "permissions": [{"statements": [{"effect": "allow", "api": ["*"]}]}],
        }
        emulator.operator.users["sam"].roles.clear()
        await log_in(sam, emulator.sam_user)
        assert verified_claims(sam.headers["X-Soracom-Token"], emulator.token_keys)["operator"]["permissions"] == []


async def test_a_token_stays_short(emulator, client):
    """A token is a header: long permissions are not in it, and hold all the same."""
    names = [f"Sim:list{number}" for number in range(1000)]
    permission = json.dumps({"statements": [{"effect": "allow", "api": ["Group:*", *names]}]})
    user = emulator.operator.users["sam"]
    user.roles.clear()
    await client.put(f"/operators/{emulator.operator_id}/users/sam/permission", json={"permission": permission})
    async with open_client(emulator) as sam:
        await log_in(sam, emulator.sam_user)
        assert len(sam.headers["X-Soracom-Token"]) < 1500
        assert (await sam.get("/groups")).status_code == 200
        assert refused(await sam.get("/sims"), 403, "AUM0017")


async def test_tokens_can_be_verified(emulator, clock):
    """A session's `verified_claims` takes the emulator's keys, from Python or from its control API, or the PEM."""
    async with httpx.AsyncClient(transport=emulator.transport, base_url="http://emulator") as control:
        keys = (await control.get("/_emulator/keys")).json()
    assert keys == emulator.token_keys
    assert "PRIVATE" not in json.dumps(keys)
    assert [key["alg"] for key in keys["keys"]] == ["RS256"]
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=clock) as soracom:
        await soracom.login()
        for key in keys, jwt.PyJWKSet.from_dict(keys), keys["pem"]:
            assert soracom.verified_claims(key)["operator"]["operatorId"] == emulator.operator_id
        other = copy.deepcopy(keys)
        other["keys"][0]["n"] = "x" + other["keys"][0]["n"][1:]
        with pytest.raises(jwt.InvalidTokenError):
            soracom.verified_claims(other)


def test_tokens_without_key_pairs(monkeypatch):
    """Where `cryptography` is missing, a shared secret signs, and is what verifies."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)
    monkeypatch.setattr(signing, "_signer", signing._signer.__wrapped__)
    token, keys = signing.sign({"iss": "soracom.io"}), signing.keys()
    assert verified_claims(token, keys, ["HS256"]) == {"iss": "soracom.io"}
    assert keys["pem"] is None
    with pytest.raises(jwt.InvalidTokenError):
        verified_claims(token, keys)


async def test_key_and_token_belong_together(emulator, client):
    """Without a token, without its key, or with another's token or key, nothing is answered."""
    for headers in ({"X-Soracom-Token": ""}, {"X-Soracom-API-Key": ""}):
        assert refused(await client.get("/sims", headers=headers), 401, "AUM0001")
    for headers in ({"X-Soracom-Token": "a.b.c"}, {"X-Soracom-API-Key": "api-other"}):
        assert refused(await client.get("/sims", headers=headers), 401, "AGW0002")
    async with open_client(emulator) as nobody:
        assert refused(await nobody.get("/sims"), 401, "AUM0001")


async def test_tokens_are_also_refused_by_403(clock):
    """The service does both: `token_status` chooses, for a token that is missing, wrong or old."""
    emulator = Emulator(sims=1, token_status=403, clock=clock)
    async with open_client(emulator) as client:
        assert refused(await client.get("/sims"), 403, "AUM0001")
        assert refused(await log_in(client, SamUser(emulator.operator_id, "sam", "no")), 401, "AUM0002")
        await log_in(client, emulator.root_user, tokenTimeoutSeconds=180)
        assert refused(await client.get("/sims", headers={"X-Soracom-API-Key": "api-other"}), 403, "AGW0002")
        assert (await client.get("/sims")).status_code == 200
        emulator.advance(180)
        assert refused(await client.get("/sims"), 403, "AUM0013")


async def test_generated_tokens_renew_the_key_in_hand(emulator, client, clock):
    """generateAuthToken gives a new token for the same key, within the same bounds."""
    path = f"/operators/{emulator.operator_id}/token"
    assert refused(await client.post(path, json={"tokenTimeoutSeconds": 1}), 400, "AUM9005")
    token = (await client.post(path, json={"tokenTimeoutSeconds": 200})).json()["token"]
    emulator.advance(199)
    assert (await client.get("/sims", headers={"X-Soracom-Token": token})).status_code == 200
    emulator.advance(1)
    assert refused(await client.get("/sims", headers={"X-Soracom-Token": token}), 401, "AUM0013")
    assert emulator.logins == 1


async def test_tokens_die_early(emulator, client):
    """By logout those of one API key die, by revocation all of the operator, by the emulator's owner all there are."""
    path = f"/operators/{emulator.operator_id}"
    async with open_client(emulator) as another:
        await log_in(another, emulator.auth_key)
        token = (await client.post(f"{path}/token", json={})).json()["token"]
        assert (await client.post("/auth/logout", headers={"X-Soracom-Token": token})).status_code == 204
        assert refused(await client.get("/sims", headers={"X-Soracom-Token": token}), 401, "AGW0002")
        assert refused(await client.get("/sims"), 401, "AGW0002")
        assert (await another.delete(f"{path}/tokens")).status_code == 204
        assert refused(await another.get("/sims"), 401, "AGW0002")
    await log_in(client, emulator.auth_key)
    emulator.revoke_tokens()
    assert refused(await client.get("/sims"), 401, "AGW0002")


async def test_old_sessions_do_not_pile_up(emulator, clock):
    """After thousands of logins the expired sessions are forgotten."""
    async with open_client(emulator) as client:
        for _ in range(3):
            for _ in range(400):
                await log_in(client, emulator.root_user, tokenTimeoutSeconds=180)
            emulator.advance(181)
    assert len(emulator.world.sessions) < 1000


async def test_switching_user(emulator, client, other):
    """One becomes a SAM user of an operator that trusts one, for an hour at most, and only once."""
    emulator.world.add_user(other.operator, "guest").roles.append(ADMINISTRATOR)
    target = {"operatorId": other.operator.id, "userName": "guest"}
    assert refused(await client.post("/auth/switch_user", json=target), 400, "AUM9015")
    other.operator.trusted.add(emulator.operator_id)
    assert refused(await client.post("/auth/switch_user", json=target | {"userName": "x"}), 400, "AUM9015")
    assert refused(await client.post("/auth/switch_user", json=target | {"operatorId": "x"}), 400, "AUM9015")
    assert refused(await client.post("/auth/switch_user", json={}), 400, "AUM9003")
    assert refused(await client.post("/auth/switch_user", json=target | {"tokenTimeoutSeconds": 3601}), 400, "AUM9005")
    session = (await client.post("/auth/switch_user", json=target)).json()
    assert session["userName"] == "guest"
    headers = {"X-Soracom-API-Key": session["apiKey"], "X-Soracom-Token": session["token"]}
    assert len((await client.get("/sims", headers=headers)).json()) == 5
    assert refused(await client.post("/auth/switch_user", json=target, headers=headers), 400, "AUM9026")
    own = {"operatorId": emulator.operator_id, "userName": "sam"}
    assert (await client.post("/auth/switch_user", json=own)).status_code == 200


async def test_password_change_kills_tokens(emulator, client):
    """The root user sets a password by the old one; what was issued before is dead, and so is the old password."""
    path = f"/operators/{emulator.operator_id}/password"
    old = emulator.root_user
    right = {"currentPassword": old.password.reveal(), "newPassword": "n"}
    async with open_client(emulator) as sam:
        await log_in(sam, emulator.sam_user)
        assert refused(await sam.post(path, json=right), 403, "AUM0017")
        assert refused(await client.post(path, json=right | {"currentPassword": "no"}), 400, "AUM9028")
        assert refused(await client.post(path, json=right | {"newPassword": ""}), 400, "AUM9003")
        assert (await client.post(path, json=right)).status_code == 200
        assert refused(await client.get("/sims"), 401, "AGW0002")
        assert (await sam.get("/sims")).status_code == 200
        assert refused(await log_in(client, old), 401, "AUM0002")
        assert (await log_in(client, emulator.root_user)).status_code == 200


async def test_password_reset_by_mail(emulator, client):
    """A token comes by mail to a known address only, and works once; an unknown address is an error."""
    issue = "/auth/password_reset_token/issue"
    assert refused(await client.post(issue, json={"email": "nobody@example.com"}), 400, "AUM9011")
    assert refused(await client.post(issue, json={"email": "nobody"}), 400, "COM0008")
    assert (await client.post(issue, json={"email": "root@example.com"})).status_code == 200
    (mail,) = emulator.mails
    assert mail.to == "root@example.com"
    path = "/auth/password_reset_token/verify"
    assert refused(await client.post(path, json={"token": "no", "password": "n"}), 400, "AUM9012")
    assert (await client.post(path, json={"token": mail.token, "password": "n"})).status_code == 200
    assert refused(await client.post(path, json={"token": mail.token, "password": "n"}), 400, "AUM9012")
    assert emulator.root_user.password.reveal() == "n"


async def enable_mfa(emulator, client):
    path = f"/operators/{emulator.operator_id}/mfa"
    uri = (await client.post(path)).json()["totpUri"]
    assert re.fullmatch(rf"otpauth://totp/SORACOM:{emulator.operator_id}\?secret=[A-Z2-7]{{16}}&issuer=SORACOM", uri)
    return (await client.post(f"{path}/verify", json={"mfaOTPCode": emulator.one_time_password()})).json()


async def test_second_factor(emulator, client, clock):
    """Once proved, a one-time password is needed at every login, that of now or of half a minute ago."""
    path = f"/operators/{emulator.operator_id}/mfa"
    assert (await client.get(path)).json() == {"status": "INACTIVE"}
    assert refused(await client.post(f"{path}/verify", json={"mfaOTPCode": "1"}), 400, "AUM9010")
    with pytest.raises(ValueError, match="enableMFA"):
        emulator.one_time_password()
    assert (await client.post(path)).status_code == 200
    assert (await client.get(path)).json() == {"status": "UNCONFIRMED"}
    assert refused(await client.post(f"{path}/verify", json={}), 400, "AUM9003")
    codes = (await enable_mfa(emulator, client))["backupCodes"]
    assert [bool(re.fullmatch(r"\d{8}", code)) for code in codes] == [True] * 5
    assert refused(await client.post(path), 400, "AUM9010")
    assert (await client.get(path)).json() == {"status": "ACTIVE"}
    code = emulator.one_time_password()
    assert refused(await log_in(client, emulator.root_user), 401, "AUM9004")
    assert refused(await log_in(client, emulator.root_user, mfaOTPCode="abc"), 401, "AUM9004")
    assert (await log_in(client, emulator.root_user, mfaOTPCode=code)).status_code == 200
    emulator.advance(30)
    assert (await log_in(client, emulator.root_user, mfaOTPCode=code)).status_code == 200
    emulator.advance(31)
    assert refused(await log_in(client, emulator.root_user, mfaOTPCode=code), 401, "AUM9004")
    assert (await log_in(client, emulator.sam_user)).status_code == 200
    assert (await log_in(client, emulator.auth_key)).status_code == 200
    assert refused(await log_in(client, emulator.root_user, authKeyId="keyId-"), 401, "AUM9004")


async def test_second_factor_ends(emulator, client):
    """By the password; or, without a session, by a backup code and a token that came by mail."""
    path = f"/operators/{emulator.operator_id}/mfa"
    password = emulator.root_user.password.reveal()
    right = {"email": "root@example.com", "password": password}
    issue, verify = "/operators/mfa_revoke_token/issue", "/operators/mfa_revoke_token/verify"
    assert refused(await client.request("DELETE", path, json={"password": password}), 400, "AUM9010")
    assert refused(await client.request("DELETE", path, json={"password": "no"}), 400, "AUM9028")
    assert refused(await client.post(issue, json=right), 400, "AUM9010")
    await enable_mfa(emulator, client)
    assert (await client.request("DELETE", path, json={"password": password})).status_code == 204

    code = (await enable_mfa(emulator, client))["backupCodes"][3]
    assert refused(await client.post(issue, json={}), 400, "AUM9003")
    assert refused(await client.post(issue, json=right | {"password": "no"}), 404, "AUM9011")
    assert (await client.post(issue, json=right)).status_code == 200
    token = emulator.mails[-1].token
    for wrong in ({"token": token}, {"backupCode": code}, {"backupCode": code, "token": "no"}):
        assert refused(await client.post(verify, json=right | wrong), 400, "AUM9012")
    given = right | {"backupCode": code, "token": token}
    assert refused(await client.post(verify, json=given | {"password": "no"}), 403, "AUM9016")
    assert (await client.post(verify, json=given)).status_code == 200
    assert (await client.get(path)).json() == {"status": "INACTIVE"}
    assert (await log_in(client, emulator.root_user)).status_code == 200


@pytest.mark.parametrize(("at", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")])
def test_one_time_passwords_are_those_of_the_rfc(at, code):
    """The vectors of RFC 6238, appendix B, cut to six digits."""
    assert totp("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", at) == code
