from __future__ import annotations

import json

import pytest
from plain import log_in, open_client, refused

from soracom_async import (
    BadRequest,
    Forbidden,
    NotFound,
    SamUser,
    Soracom,
)
from soracom_async._registry import load
from soracom_async.emulator.domain.permissions import ADMINISTRATOR, check
from soracom_async.emulator.protocol.errors import Refusal
from soracom_async.emulator.protocol.messages import Request

pytestmark = pytest.mark.anyio


def document(*statements):
    return json.dumps({"statements": statements})


def allow(*api, **more):
    return {"effect": "allow", "api": list(api)} | more


def deny(*api, **more):
    return {"effect": "deny", "api": list(api)} | more


@pytest.fixture
def own(emulator):
    return f"/operators/{emulator.operator_id}"


@pytest.fixture
def poor(emulator):
    """Take the role from the SAM user that the emulator begins with."""
    emulator.operator.users["sam"].roles.clear()


@pytest.fixture
def permit(emulator, client, own, poor):
    """Give the SAM user a permission, and return a client of its own with a new token."""

    async def permit(sam, *statements):
        answer = await client.put(f"{own}/users/sam/permission", json={"permission": document(*statements)})
        assert answer.status_code == 200, answer.text
        assert (await log_in(sam, emulator.sam_user)).status_code == 200

    return permit


@pytest.fixture
async def sam(emulator, anyio_backend):
    async with open_client(emulator) as sam:
        assert (await log_in(sam, emulator.sam_user)).status_code == 200
        yield sam


def opened(emulator, credentials=None):
    return Soracom(credentials or emulator.auth_key, transport=emulator.transport, clock=emulator.clock)


async def test_permissions(emulator, client, sam, permit, own):
    """What is allowed and not denied, from the next token on; without any, nothing."""
    await permit(sam, allow("Sim:list*", "Group:*"), deny("Group:delete*"))
    assert (await sam.get("/sims")).status_code == 200
    (group, *_) = (await sam.get("/groups")).json()
    assert refused(await sam.delete(f"/groups/{group['groupId']}"), 403, "AUM0017")
    assert refused(await sam.get("/sims/nothing"), 403, "AUM0017")
    assert refused(await sam.get("/subscribers"), 403, "AUM0017")

    path = f"{own}/users/sam/permission"
    assert (await client.get(path)).json()["permission"] == document(
        allow("Sim:list*", "Group:*"), deny("Group:delete*")
    )
    assert (await client.get(f"{own}/users/sam")).json()["permission"]
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).json() == {"permission": ""}
    assert refused(await sam.get("/subscribers"), 403, "AUM0017")
    assert (await sam.post("/auth/logout")).status_code == 204
    await log_in(sam, emulator.sam_user)
    assert refused(await sam.get("/subscribers"), 403, "AUM0017")
    assert refused(await client.put(f"{own}/users/no/permission", json={"permission": document()}), 404, "AUM9011")


async def test_who_has_no_permission(emulator, client, own):
    """A new SAM user may only log out, until a permission, a role or the operator's default allows more."""
    await client.post(f"{own}/users/alice")
    await client.post(f"{own}/users/alice/password", json={"password": "p-1"})
    alice = SamUser(emulator.operator_id, "alice", "p-1")
    default = f"{own}/users/default_permissions"
    reads = {"permissions": document(allow("Sim:list*"))}
    async with open_client(emulator) as hers:
        assert (await log_in(hers, alice)).status_code == 200
        for path in "/sims", "/groups", f"{own}/users/alice", own:
            assert refused(await hers.get(path), 403, "AUM0017")
        assert refused(await hers.post(f"{own}/token", json={}), 403, "AUM0017")
        assert (await hers.post("/auth/logout")).status_code == 204
        for allowing, undo in (
            (("PUT", default, reads), ("DELETE", default)),
            (("POST", f"{own}/users/alice/roles", {"roleId": ADMINISTRATOR}), None),
        ):
            method, path, body = allowing
            assert (await client.request(method, path, json=body)).is_success
            await log_in(hers, alice)
            assert (await hers.get("/sims")).status_code == 200
            if undo is not None:
                await client.request(*undo)
                await log_in(hers, alice)
                assert refused(await hers.get("/sims"), 403, "AUM0017")


@pytest.mark.parametrize("language", ["en", "ja"])
async def test_a_refusal_names_user_and_permission(sam, permit, language):
    """So one knows what to ask the administrator for, by the name that permissions have for it."""
    await permit(sam)
    sam.headers["X-Soracom-Lang"] = language
    for method, path, name in (
        ("GET", "/sims", "Sim:listSims"),
        ("PUT", "/sims/1/tags", "Sim:putTags"),
        ("POST", "/groups", "Group:createGroup"),
    ):
        answer = await sam.request(method, path)
        assert refused(answer, 403, "AUM0017")
        message = answer.json()["message"]
        assert "sam" in message
        assert name in message


async def test_the_user_of_the_emulator_is_an_administrator(emulator, client, sam, own):
    """The SAM user that it begins with may do what is not for the root user only."""
    assert [role["roleId"] for role in (await client.get(f"{own}/users/sam/roles")).json()] == [ADMINISTRATOR]
    assert (await sam.post("/groups", json={})).status_code == 201
    assert refused(await sam.get(f"{own}/emails"), 400, "AUM9014")


async def test_one_name_may_be_a_text(sam, permit):
    """`api` may be one name instead of several; a document that allows nothing forbids all."""
    await permit(sam, {"effect": "allow", "api": "*"})
    assert (await sam.get("/sims")).status_code == 200
    await permit(sam)
    assert refused(await sam.get("/sims"), 403, "AUM0017")


async def test_operations_with_another_name(sam, permit):
    """A few operations have another name in permissions than elsewhere; either is understood."""
    sim_id = (await sam.get("/sims?limit=1")).json()[0]["simId"]
    tags = [{"tagName": "a", "tagValue": "b"}]
    for name in ("Sim:putTags", "Sim:putSimTags"):
        await permit(sam, allow(name))
        assert (await sam.put(f"/sims/{sim_id}/tags", json=tags)).status_code == 200
    await permit(sam, allow("Sim:putTag"))
    assert refused(await sam.put(f"/sims/{sim_id}/tags", json=tags), 403, "AUM0017")


async def test_default_permissions(emulator, client, sam, own):
    """What all SAM users are under; what is denied there is denied whatever else allows it."""
    path = f"{own}/users/default_permissions"
    assert (await client.get(path)).json() == {"defaultPermissions": ""}
    await client.put(f"{own}/users/sam/permission", json={"permission": document(allow("*"))})
    default = document(deny("AuditLog:*"))
    assert (await client.put(path, json={"permissions": default})).status_code == 202
    assert (await client.get(path)).json() == {"defaultPermissions": default}
    await log_in(sam, emulator.sam_user)
    assert (await sam.get("/sims")).status_code == 200
    assert refused(await sam.get("/audit_logs/api"), 403, "AUM0017")
    assert (await client.get("/audit_logs/api")).status_code == 200
    for _ in range(2):
        assert (await client.delete(path)).status_code == 204
    await log_in(sam, emulator.sam_user)
    assert (await sam.get("/audit_logs/api")).status_code == 200
    assert refused(await client.put(path, json={"permissions": "{}"}), 400, "AUM9003")


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("pathVariable('user_name') == samUserName", True),
        ('pathVariable("user_name") != samUserName', False),
        ("pathVariable('sim_id') == ''", True),
        ("currentDate >= date(2025, 01, 01) and ipAddress('127.0.0.1/8')", True),
        ("currentDate > date(2025, 1, 1)", False),
        ("currentDate < date(2025, 1, 2) && not (currentDate <= date(2024, 12, 31))", True),
        ("ipAddress('10.0.0.0/24') or ipAddress('::1/128')", False),
        ("false || !ipAddress('10.0.0.0/24')", True),
        ("not true", False),
        ("", True),
    ],
)
async def test_conditions(sam, permit, own, condition, holds):
    """A statement holds where its condition does; of one that does not, neither allow nor deny counts."""
    await permit(sam, allow("User:getUser", condition=condition))
    answer = await sam.get(f"{own}/users/sam")
    assert answer.status_code == 200 if holds else refused(answer, 403, "AUM0017")
    await permit(sam, allow("*"), deny("User:*", condition=condition))
    answer = await sam.get(f"{own}/users/sam")
    assert answer.status_code == (403 if holds else 200)


async def test_whoever_has_no_address_is_nowhere(emulator, sam, permit):
    """A condition on the address does not hold where there is none."""
    await permit(sam, allow("*", condition="ipAddress('0.0.0.0/0')"))
    session = emulator.world.sessions[sam.headers["X-Soracom-Token"]]
    check(emulator.world, session, load("listSims"), {}, Request("GET", "/sims", address="10.1.2.3"))
    with pytest.raises(Refusal):
        check(emulator.world, session, load("listSims"), {}, Request("GET", "/sims", address=""))


@pytest.mark.parametrize(
    "permission",
    [
        "",
        "no JSON",
        "[]",
        "{}",
        '{"statements": 1}',
        '{"statements": [1]}',
        document({"api": "*"}),
        document({"effect": "perhaps", "api": "*"}),
        document({"effect": "allow"}),
        document({"effect": "allow", "api": 1}),
        *(
            document(allow("*", condition=condition))
            for condition in (
                1,
                "currentDate >",
                "currentDate > 5",
                "yesterday",
                "date(2025, 1)",
                "date(2025, 13, 1) == currentDate",
                "date(99999999999999999999, 1, 1) == currentDate",
                "ipAddress('nowhere')",
                "hasTag('a')",
                "true or ipAddress('nowhere')",
                "(true",
                "true)",
                "true; false",
                "!" * 501,
                "(" * 500,
            )
        ),
    ],
)
async def test_what_is_no_permission(client, own, permission):
    """A document that could not be obeyed is refused, and not stored."""
    path = f"{own}/users/sam/permission"
    assert refused(await client.put(path, json={"permission": permission}), 400, "AUM9003")
    assert (await client.get(path)).json() == {"permission": ""}


async def test_roles(emulator, client, sam, own, poor):
    """A role is made, found, changed, given to a user, taken back and removed."""
    mine = {"operator_id": emulator.operator_id}
    async with opened(emulator) as soracom:
        made = await soracom.roles.create("reader", permission=document(allow("Sim:list*")), description="d", **mine)
        assert made.role_id == "reader"
        assert refused(await client.post(f"{own}/roles/reader", json={"permission": document()}), 400, "AUM9009")
        assert refused(await client.post(f"{own}/roles/srn:x", json={"permission": document()}), 400, "AUM9009")
        assert refused(await client.post(f"{own}/roles/other", json={"permission": "x"}), 400, "AUM9003")
        emulator.advance(9)
        await soracom.roles.update("reader", permission=document(allow("Sim:*")), **mine)
        role = await soracom.roles.get("reader")
        assert (role.role_name, role.owner, role.description) == ("reader", "operator", "")
        assert role.permission == document(allow("Sim:*"))
        assert (role.update_date_time - role.create_date_time).seconds == 9
        (listed,) = await soracom.roles.list()
        assert (listed.role_id, listed.create_date_time) == ("reader", role.create_date_time)

        await soracom.users.attach_role("sam", role_id="reader")
        assert await soracom.users.list_roles("sam") == [role]
        assert [each.role_id for each in (await soracom.users.get("sam")).role_list] == ["reader"]
        assert [user.user_name for user in await soracom.roles.list_users("reader")] == ["sam"]
        await log_in(sam, emulator.sam_user)
        assert (await sam.get("/sims")).status_code == 200
        assert refused(await sam.get("/groups"), 403, "AUM0017")
        for role_id, code in (("reader", "AUM9009"), ("no", "AUM9003"), (None, "AUM9003")):
            assert refused(await client.post(f"{own}/users/sam/roles", json={"roleId": role_id}), 400, code)
        with pytest.raises(BadRequest):
            await soracom.roles.delete("reader")
        await soracom.users.detach_role("sam", "reader")
        assert await soracom.roles.list_users("reader") == []
        for call in (
            soracom.users.detach_role("sam", "reader"),
            soracom.roles.list_users("no"),
            soracom.roles.get("no"),
            soracom.roles.delete("no"),
        ):
            with pytest.raises(NotFound):
                await call
        await soracom.roles.delete("reader")
        assert await soracom.roles.list() == []


async def test_roles_that_everybody_finds(emulator, client, other, own, poor):
    """They are listed on demand, have versions, and can be given but not changed."""
    mine = f"/operators/{other.operator.id}/roles"
    every = [role["roleId"] for role in (await client.get(f"{own}/roles?owner=all")).json()]
    assert every == [role["roleId"] for role in (await other.get(f"{mine}?owner=soracom")).json()]
    assert ADMINISTRATOR in every
    assert refused(await client.get(f"{own}/roles?owner=nobody"), 400, "AUM9003")
    assert refused(await client.delete(f"{own}/roles/{ADMINISTRATOR}"), 404, "AUM9007")
    assert refused(await client.put(f"{own}/roles/{ADMINISTRATOR}", json={"permission": "{}"}), 404, "AUM9007")
    await client.post(f"{own}/roles/reader", json={"permission": document()})
    assert refused(await client.get(f"{own}/roles/reader/versions"), 400, "AUM9003")
    assert refused(await other.get(f"{mine}/reader"), 404, "AUM9007")
    async with opened(emulator) as soracom:
        (version,) = await soracom.roles.list_versions(ADMINISTRATOR)
        assert (version.version, version.role_name, version.owner) == (1, "AdministratorAccess", "soracom")
        await soracom.users.attach_role("sam", role_id="srn:soracom:::Role:ReadOnlyAccess")
        with pytest.raises(NotFound):
            await soracom.roles.list_versions("no")
        async with opened(emulator, emulator.sam_user) as sam:
            assert await sam.groups.list().collect()
            with pytest.raises(Forbidden):
                await sam.groups.create()
            await soracom.users.attach_role("sam", role_id=ADMINISTRATOR)
            with pytest.raises(Forbidden):
                await sam.groups.create()
        async with opened(emulator, emulator.sam_user) as sam:
            assert (await sam.groups.create()).group_id


async def test_trust_policies(emulator, client, other, sam, own):
    """A user says who may switch to it, of its own operator or of others; nobody can switch to itself."""
    theirs = other.operator
    emulator.world.add_user(theirs, "guest")
    path = f"/operators/{theirs.id}/users/guest/trust_policy"
    target = {"operatorId": theirs.id, "userName": "guest"}
    assert (await other.get(path)).json() == {"trustPolicy": ""}
    root = f"srn:soracom:{emulator.operator_id}::Operator:{emulator.operator_id}"
    user = f"srn:soracom:{emulator.operator_id}::User:sam"

    async def says(**statement):
        policy = json.dumps({"statements": [{"effect": "allow"} | statement]})
        assert (await other.put(path, json={"trustPolicy": policy})).status_code == 204
        assert (await other.get(path)).json() == {"trustPolicy": policy}
        return tuple([(await each.post("/auth/switch_user", json=target)).status_code for each in (client, sam)])

    assert await says(principal={"soracom": [root]}) == (200, 400)
    assert await says(principal={"soracom": [user]}) == (400, 200)
    assert await says(principal={"soracom": user}) == (400, 200)
    assert await says(principal={"soracom": [root, user]}, condition="ipAddress('127.0.0.1/32')") == (200, 200)
    assert await says(principal={"soracom": [root, user]}, condition="ipAddress('10.0.0.0/8')") == (400, 400)
    assert await says(principal={"service": ["Flux"]}) == (400, 400)
    assert await says(effect="deny", principal={"soracom": [root]}) == (400, 400)
    # Its own operator's users need to be trusted as well, once there is a policy.
    assert refused(await other.post("/auth/switch_user", json=target), 400, "AUM9015")
    assert (await other.delete(path)).status_code == 204
    assert (await other.post("/auth/switch_user", json=target)).status_code == 200
    assert refused(await client.post("/auth/switch_user", json=target), 400, "AUM9015")
    itself = {"operatorId": emulator.operator_id, "userName": "sam"}
    assert refused(await sam.post("/auth/switch_user", json=itself), 400, "AUM9015")
    for policy in (None, "x", '{"statements": [{"effect": "allow", "principal": "me"}]}'):
        assert refused(await other.put(path, json={"trustPolicy": policy}), 400, "AUM9003")


async def test_a_switched_user_has_its_own_permissions(emulator, client, own, poor):
    """Whoever switches may do what the target may."""
    await client.put(f"{own}/users/sam/permission", json={"permission": document(allow("Sim:listSims"))})
    target = {"operatorId": emulator.operator_id, "userName": "sam"}
    session = (await client.post("/auth/switch_user", json=target)).json()
    headers = {"X-Soracom-API-Key": session["apiKey"], "X-Soracom-Token": session["token"]}
    assert (await client.get("/sims", headers=headers)).status_code == 200
    assert refused(await client.get("/groups", headers=headers), 403, "AUM0017")
    token = f"{own}/token"
    assert refused(await client.post(token, json={}, headers=headers), 403, "AUM0017")
