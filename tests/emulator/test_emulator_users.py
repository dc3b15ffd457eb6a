from __future__ import annotations

import json

import pytest
from plain import log_in, open_client, refused

from soracom_async import (
    AuthKey,
    NotFound,
    SamUser,
    Soracom,
)

pytestmark = pytest.mark.anyio


def opened(emulator, credentials=None):
    return Soracom(credentials or emulator.auth_key, transport=emulator.transport, clock=emulator.clock)


@pytest.fixture
def users(emulator):
    return f"/operators/{emulator.operator_id}/users"


async def test_the_life_of_a_user(emulator, client, users):
    """A user is made, found, listed, changed and taken away; AuthKeys and tokens go with it."""
    async with opened(emulator) as soracom:
        await soracom.users.create("alice", description="first")
        assert refused(await client.post(f"{users}/alice"), 400, "AUM9009")
        alice = await soracom.users.get("alice")
        assert (alice.user_name, alice.description, alice.has_password) == ("alice", "first", False)
        assert (alice.auth_key_list, alice.role_list, alice.permission) == ([], [], None)
        assert alice.create_date_time.timestamp() == emulator.world.wall()
        emulator.advance(60)
        await soracom.users.update("alice", description="second")
        key = await soracom.users.auth_keys.generate("alice")
        sam, alice = await soracom.users.list()
        assert (sam.user_name, sam.has_password) == ("sam", True)
        assert alice.description == "second"
        assert (alice.update_date_time - alice.create_date_time).seconds == 60
        assert [each.auth_key_id for each in alice.auth_key_list] == [key.auth_key_id]
        async with open_client(emulator) as hers:
            login = AuthKey(key.auth_key_id, key.auth_key)
            assert (await log_in(hers, login)).json()["userName"] == "alice"
            assert refused(await hers.get("/sims"), 403, "AUM0017")
            await soracom.users.delete("alice")
            assert refused(await hers.get("/sims"), 401, "AGW0002")
            assert refused(await log_in(hers, login), 401, "AUM0002")
        with pytest.raises(NotFound):
            await soracom.users.get("alice")
    assert refused(await client.delete(f"{users}/alice"), 404, "AUM9011")


async def test_users_of_another_operator_are_never_seen(emulator, client, other, users):
    """Whatever is asked about another operator's user is refused, also under one's own name."""
    await client.post(f"{users}/alice")
    own = f"/operators/{other.operator.id}/users"
    assert (await other.get(own)).json() == []
    assert refused(await other.get(users), 403, "AUM9017")
    key = emulator.world.add_key(emulator.operator.users["alice"]).id
    for method, path, foreign, unknown in (
        ("GET", "", 403, 404),
        ("PUT", "", 403, 404),
        ("DELETE", "", 403, 404),
        ("GET", "/password", 403, 404),
        ("DELETE", "/tokens", 400, 400),
        ("GET", "/mfa", 403, 400),
        ("POST", "/mfa", 403, 400),
        ("DELETE", "/mfa", 403, 400),
        ("POST", "/mfa/verify", 403, 400),
        ("GET", "/permission", 403, 404),
        ("DELETE", "/permission", 400, 400),
        ("GET", "/trust_policy", 403, 400),
        ("DELETE", "/trust_policy", 403, 400),
        ("GET", "/roles", 403, 404),
        ("GET", f"/auth_keys/{key}", 403, 404),
    ):
        assert refused(await other.request(method, f"{users}/alice{path}", json={}), foreign, "AUM9017")
        assert refused(await other.request(method, f"{own}/alice{path}", json={}), unknown, "AUM9011")
    policy = {"trustPolicy": '{"statements":[]}'}
    assert refused(await other.put(f"{own}/alice/trust_policy", json=policy), 400, "AUM9011")
    for method, status in (("GET", 404), ("DELETE", 404), ("PUT", 403)):
        answer = await other.request(method, f"{users}/default_permissions", json={"permissions": "{}"})
        assert refused(answer, status, "AUM9017")


async def test_auth_keys_of_users(emulator, client, users):
    """Each user has its own; the secret is shown once, and the last use is told."""
    async with opened(emulator) as soracom:
        key = await soracom.users.auth_keys.generate("sam")
        found = await soracom.users.auth_keys.get("sam", key.auth_key_id)
        assert (found.auth_key_id, found.last_used_date_time) == (key.auth_key_id, None)
        emulator.advance(7)
        async with opened(emulator, AuthKey(key.auth_key_id, key.auth_key)) as his:
            await his.groups.list().collect()
        (found,) = await soracom.users.auth_keys.list("sam")
        assert (found.last_used_date_time - found.create_date_time).seconds == 7
        own = f"/operators/{emulator.operator_id}/auth_keys"
        assert refused(await client.delete(f"{own}/{key.auth_key_id}"), 404, "AUM9007")
        root_key = emulator.auth_key.auth_key_id
        assert refused(await client.delete(f"{users}/sam/auth_keys/{root_key}"), 404, "AUM9007")
        await soracom.users.auth_keys.delete("sam", key.auth_key_id)
        assert await soracom.users.auth_keys.list("sam") == []
        with pytest.raises(NotFound):
            await soracom.users.auth_keys.get("sam", key.auth_key_id)


async def test_passwords_of_users(emulator, client, users):
    """A password is given, changed by the present one, and taken away; each time the tokens die."""
    path = f"{users}/alice/password"
    await client.post(f"{users}/alice")
    assert (await client.get(path)).json() == {"hasPassword": False}
    assert refused(await client.delete(path), 404, "AUM9007")
    assert refused(await client.post(path, json={}), 400, "AUM9003")
    assert (await client.post(path, json={"password": "p-1"})).status_code == 201
    assert (await client.get(path)).json() == {"hasPassword": True}
    assert refused(await client.post(path, json={"password": "p-2"}), 400, "AUM9009")
    change = {"currentPassword": "p-1", "newPassword": "p-2"}
    own = {"effect": "allow", "api": "User:updateUserPassword", "condition": "pathVariable('user_name') == samUserName"}
    await client.put(f"{users}/alice/permission", json={"permission": json.dumps({"statements": [own]})})
    async with open_client(emulator) as hers:
        assert (await log_in(hers, SamUser(emulator.operator_id, "alice", "p-1"))).status_code == 200
        assert refused(await hers.put(path, json=change | {"currentPassword": "no"}), 400, "AUM9028")
        assert refused(await hers.put(path, json=change | {"newPassword": ""}), 400, "AUM9003")
        assert (await hers.put(path, json=change)).status_code == 200
        assert refused(await hers.get("/sims"), 401, "AGW0002")
        assert refused(await log_in(hers, SamUser(emulator.operator_id, "alice", "p-1")), 401, "AUM0002")
        assert (await log_in(hers, SamUser(emulator.operator_id, "alice", "p-2"))).status_code == 200
        assert (await client.delete(path)).status_code == 204
        assert refused(await hers.get("/sims"), 401, "AGW0002")
        assert refused(await log_in(hers, SamUser(emulator.operator_id, "alice", "p-2")), 401, "AUM0002")


async def test_revoking_the_tokens_of_a_user(emulator, client, users):
    """The tokens of one user die, and no others."""
    async with open_client(emulator) as sam:
        await log_in(sam, emulator.sam_user)
        assert (await client.delete(f"{users}/sam/tokens")).status_code == 204
        assert refused(await sam.get("/sims"), 401, "AGW0002")
        assert (await client.get("/sims")).status_code == 200


async def test_second_factor_of_users(emulator, client, users):
    """A user has a second factor of its own: begun, proved, asked for at a login by password, ended."""
    path = f"{users}/sam/mfa"
    user = emulator.operator.users["sam"]
    assert (await client.get(path)).json() == {"status": "INACTIVE"}
    assert refused(await client.delete(path), 400, "AUM9010")
    account = f"SORACOM:{emulator.operator_id}/sam"
    assert (await client.post(path)).json()["totpUri"].startswith(f"otpauth://totp/{account}?secret=")
    assert (await client.get(path)).json() == {"status": "UNCONFIRMED"}
    assert refused(await client.post(f"{path}/verify", json={"mfaOTPCode": "no"}), 400, "AUM9003")
    code = emulator.one_time_password(user)
    assert (await client.post(f"{path}/verify", json={"mfaOTPCode": code})).status_code == 204
    assert (await client.get(path)).json() == {"status": "ACTIVE"}
    assert (await client.get(f"/operators/{emulator.operator_id}/mfa")).json() == {"status": "INACTIVE"}
    async with open_client(emulator) as sam:
        assert refused(await log_in(sam, emulator.sam_user), 401, "AUM9004")
        assert (await log_in(sam, emulator.sam_user, mfaOTPCode=code)).status_code == 200
        key = emulator.world.add_key(user)
        assert (await log_in(sam, AuthKey(key.id, key.secret))).status_code == 200
        # The root user's is nobody else's business.
        assert refused(await sam.post(f"/operators/{emulator.operator_id}/mfa"), 403, "AUM0017")
        assert (await client.delete(path)).status_code == 204
        assert (await log_in(sam, emulator.sam_user)).status_code == 200
