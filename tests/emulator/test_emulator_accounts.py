from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from plain import log_in, open_client, refused

from soracom_async import (
    NotFound,
    RootUser,
    Soracom,
    structure,
)
from soracom_async._registry import load

pytestmark = pytest.mark.anyio

KEY = {"authKeyId": "keyId-of-a-real-account", "authKey": "secret-of-a-real-account"}
NEW = KEY | {"email": "new@example.com", "password": "p-1"}


def opened(emulator, credentials=None):
    return Soracom(credentials or emulator.auth_key, transport=emulator.transport, clock=emulator.clock)


def carry(client, session):
    """Let the later requests of a client carry key and token."""
    client.headers.update({"X-Soracom-API-Key": session["apiKey"], "X-Soracom-Token": session["token"]})


async def call(client, method, path, body=None):
    """Send a request as the official command line does: a bare `?`, and no content type where there is no body."""
    content = b"" if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if method == "POST":
        headers["Content-Length"] = str(len(content))
    return await client.send(client.build_request(method, f"{path}?", content=content, headers=headers))


async def test_the_official_command_line(emulator):
    """Its suite signs four operators up, generates an AuthKey, logs in with it, and adds a coverage type."""
    seen = set()
    for number in range(4):
        async with open_client(emulator) as client:
            # The command line sends its profile as it is, with whatever else is in it.
            profile = KEY | {
                "sandbox": True,
                "coverageType": "jp",
                "email": f"cli-test+{number}@example.com",
                "password": f"Pass{number}",
                "username": None,
                "operatorId": None,
                "endpoint": "http://emulator",
                "registerPaymentMethod": False,
            }
            signed_up = await call(client, "POST", "/sandbox/init", profile)
            assert signed_up.status_code == 201
            carry(client, signed_up.json())
            made = await call(client, "GET", "/sims")
            assert (made.status_code, made.json()) == (200, [])

            login = {"email": profile["email"], "password": profile["password"], "tokenTimeoutSeconds": 86_400}
            session = (await call(client, "POST", "/auth", login)).json()
            carry(client, session)
            payload = session["token"].split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            operator_id = claims["operator"]["operatorId"]
            assert operator_id == session["operatorId"] == signed_up.json()["operatorId"]
            assert claims["operator"]["coverageTypes"] == ["jp"]
            seen.add(operator_id)

            operator = await call(client, "GET", f"/operators/{operator_id}")
            assert structure(operator.json(), load("getOperator").result).email == profile["email"]
            key = await call(client, "POST", f"/operators/{operator_id}/auth_keys")
            assert key.status_code == 201
            carry(client, (await call(client, "POST", "/auth", key.json())).json())
            assert (await call(client, "POST", f"/operators/{operator_id}/coverage_type/g")).status_code == 201
            token = (await call(client, "POST", f"/operators/{operator_id}/token", {})).json()["token"]
            payload = token.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            assert claims["operator"]["coverageTypes"] == ["jp", "g"]
    assert len(seen) == 4


async def test_signing_up(emulator):
    """What is not right about a sign-up is told; of one email there is one operator; a key of this place is checked."""
    path = "/sandbox/init"
    async with open_client(emulator) as client:
        for wrong, code in (
            ({"email": "no-address"}, "COM0008"),
            ({"email": ""}, "COM0008"),
            ({"email": "root@example.com"}, "AUM0003"),
            ({"password": ""}, "AUM9003"),
            ({"authKeyId": ""}, "AUM9003"),
            ({"authKey": ""}, "AUM9003"),
            ({"authKeyId": emulator.auth_key.auth_key_id}, "AUM9003"),
            ({"coverageTypes": "jp"}, "COM9003"),
        ):
            assert refused(await client.post(path, json=NEW | wrong), 400, code)
        key = {"authKeyId": emulator.auth_key.auth_key_id, "authKey": emulator.auth_key.auth_key.reveal()}
        asked = NEW | key | {"coverageTypes": ["g", "jp", "g"], "registerPaymentMethod": False}
        session = structure((await client.post(path, json=asked)).json(), load("sandboxInitializeOperator").result)
        assert session.user_name is None
        assert refused(await client.post(path, json=NEW), 400, "AUM0003")
    operator = emulator.world.operators[session.operator_id]
    assert operator.coverages == ["g", "jp"]
    async with opened(emulator, RootUser("new@example.com", "p-1")) as soracom:
        assert await soracom.groups.list().collect() == []


async def test_signup_tokens(emulator):
    """A token is given for an email that nobody has signed up with."""
    path = "/sandbox/operators/token"
    async with open_client(emulator) as client:
        assert refused(await client.post(f"{path}/root@example.com", json=KEY), 400, "AUM0003")
        assert refused(await client.post(f"{path}/new@example.com", json={}), 400, "AUM9003")
        assert refused(await client.post(f"{path}/no-address", json=KEY), 400, "COM0008")
        answer = await client.post(f"{path}/new%40example.com", json=KEY)
        assert answer.json() == {"token": emulator.mails[-1].token}
        assert emulator.mails[-1].to == "new@example.com"


async def test_an_operator_goes(emulator, client, other):
    """It takes users, AuthKeys and tokens with it, and nothing of another's."""
    emulator.world.add_user(other.operator, "guest", "p-1")
    key = emulator.world.add_key(other.operator.users["guest"])
    other_id = other.operator.id
    assert refused(await client.delete(f"/sandbox/operators/{other_id}"), 400, "AUM9017")
    assert (await other.delete(f"/sandbox/operators/{other_id}")).status_code == 200
    assert refused(await other.get("/sims"), 401, "AGW0002")
    assert refused(await other.post("/auth", json={"authKeyId": key.id, "authKey": key.secret}), 401, "AUM0002")
    assert refused(await log_in(other, emulator.credentials_of(other.operator)), 401, "AUM0002")
    assert (await client.get("/sims")).status_code == 200
    assert (await log_in(client, emulator.auth_key)).status_code == 200
    assert (await client.post("/sandbox/init", json=NEW | {"email": "other@example.com"})).status_code == 201


async def test_emails(emulator, client, other):
    """An address is added by a token that comes to it, and removed again."""
    own = f"/operators/{emulator.operator_id}/emails"
    issue, verify = "/operators/add_email_token/issue", "/operators/add_email_token/verify"
    right = {"email": "second@example.com", "password": emulator.root_user.password.reveal()}
    async with opened(emulator) as soracom:
        (first,) = await soracom.emails.list()
        assert (first.email, first.verified) == ("root@example.com", True)
        assert await soracom.emails.get(first.email_id) == first
        for wrong, code in (
            ({"email": "no-address"}, "COM0008"),
            ({"password": "no"}, "AUM9028"),
            ({"email": "root@example.com"}, "AUM0003"),
        ):
            assert refused(await client.post(issue, json=right | wrong), 400, code)
        for _ in range(2):
            assert (await client.post(issue, json=right)).status_code == 200
        again, mail = emulator.mails
        assert mail.to == "second@example.com"
        async with open_client(emulator) as nobody:
            assert refused(await nobody.post(verify, json={"token": "no"}), 400, "AUM9012")
            assert (await nobody.post(verify, json={"token": mail.token})).status_code == 200
            assert refused(await nobody.post(verify, json={"token": mail.token}), 400, "AUM9012")
            # It is there already, so another token for it adds nothing.
            assert refused(await nobody.post(verify, json={"token": again.token}), 400, "AUM9012")
        _, second = await soracom.emails.list()
        assert (second.email, second.create_date_time) == (
            "second@example.com",
            datetime.fromtimestamp(emulator.world.wall(), UTC),
        )
        assert refused(await other.get(f"/operators/{other.operator.id}/emails/{second.email_id}"), 404, "AUM9007")
        await soracom.emails.delete(second.email_id)
        with pytest.raises(NotFound):
            await soracom.emails.get(second.email_id)
    assert refused(await client.delete(f"{own}/{first.email_id}"), 400, "AUM9009")
    async with open_client(emulator) as sam:
        await log_in(sam, emulator.sam_user)
        assert refused(await sam.get(own), 400, "AUM9014")
        assert refused(await sam.post(issue, json=right), 400, "AUM9014")


async def test_tokens_in_mails_grow_old(emulator, client, other):
    """After a day a token is good for nothing; nor is that of an operator which is gone."""
    issue, verify = "/operators/add_email_token/issue", "/operators/add_email_token/verify"
    body = {"email": "second@example.com", "password": emulator.root_user.password.reveal()}
    await client.post(issue, json=body)
    emulator.advance(86_400)
    assert refused(await client.post(verify, json={"token": emulator.mails[-1].token}), 404, "AUM9013")
    await log_in(other, emulator.credentials_of(other.operator))
    body["password"] = other.operator.users[None].password
    assert (await other.post(issue, json=body)).status_code == 200
    assert (await other.post("/auth/password_reset_token/issue", json={"email": "other@example.com"})).is_success
    for_email, for_password = (mail.token for mail in emulator.mails)
    await other.delete(f"/sandbox/operators/{other.operator.id}")
    assert refused(await client.post(verify, json={"token": for_email}), 400, "AUM9012")
    path = "/auth/password_reset_token/verify"
    assert refused(await client.post(path, json={"token": for_password, "password": "p"}), 400, "AUM9012")


async def test_system_notifications(emulator, client, other):
    """Each type of mail goes to some of the addresses; the primary one is what the root user logs in with."""
    own = f"/operators/{emulator.operator_id}/system_notifications"
    password = emulator.root_user.password.reveal()
    await client.post("/operators/add_email_token/issue", json={"email": "second@example.com", "password": password})
    await client.post("/operators/add_email_token/verify", json={"token": emulator.mails[-1].token})
    async with opened(emulator) as soracom:
        first, second = [email.email_id for email in await soracom.emails.list()]
        (primary,) = await soracom.system_notifications.list()
        assert (primary.type, primary.email_id_list) == ("primary", [first])
        billing = await soracom.system_notifications.set(
            "billing", email_id_list=[first, second, first], operator_id=emulator.operator_id
        )
        assert billing.email_id_list == [first, second]
        assert await soracom.system_notifications.get("billing") == billing
        for wrong in ({"password": "no"}, {}):
            answer = await client.post(f"{own}/primary", json={"emailIdList": [second]} | wrong)
            assert refused(answer, 400, "AUM9028")
        answer = await client.post(f"{own}/primary", json={"emailIdList": [first, second], "password": password})
        assert refused(answer, 400, "COM9003")
        await soracom.system_notifications.delete("billing")
        with pytest.raises(NotFound):
            await soracom.system_notifications.get("billing")
    body = {"emailIdList": [second], "password": password}
    assert (await client.post(f"{own}/primary", json=body)).json()["emailIdList"] == [second]
    assert emulator.root_user.email == "second@example.com"
    assert (await log_in(client, emulator.root_user)).status_code == 200
    assert refused(await client.delete(f"{own}/primary"), 400, "COM9003")
    assert refused(await client.delete(f"{own}/support"), 404, "COM9007")
    assert refused(await client.post(f"{own}/laundry", json={"emailIdList": []}), 400, "COM9003")
    assert refused(await client.post(f"{own}/support", json={"emailIdList": ["no"]}), 404, "COM9007")
    assert (await client.delete(f"/operators/{emulator.operator_id}/emails/{first}")).status_code == 204

    # Whoever is signed up with an address cannot lose it to another operator.
    other_id = other.operator.id
    mine = {"email": "second@example.com", "password": other.operator.users[None].password}
    await other.post("/operators/add_email_token/issue", json=mine)
    await other.post("/operators/add_email_token/verify", json={"token": emulator.mails[-1].token})
    taken = (await other.get(f"/operators/{other_id}/emails")).json()[-1]["emailId"]
    answer = await other.post(
        f"/operators/{other_id}/system_notifications/primary",
        json={"emailIdList": [taken], "password": mine["password"]},
    )
    assert refused(answer, 400, "AUM0003")


async def test_credentials(emulator, client, other):
    """They are taken in, listed without what is secret, changed and forgotten; each operator has its own."""
    aws = {"accessKeyId": "AKIA1", "secretAccessKey": "canary"}
    async with opened(emulator) as soracom:
        made = await soracom.credentials.create("aws-1", type="aws-credentials", credentials=aws, description="d")
        assert (made.credentials_id, made.type, made.description) == ("aws-1", "aws-credentials", "d")
        assert made.credentials == {"accessKeyId": "AKIA1"}
        assert made.create_date_time == datetime.fromtimestamp(emulator.world.wall(), UTC)
        emulator.advance(5)
        changed = await soracom.credentials.update("aws-1", description="e")
        assert (changed.description, changed.credentials) == ("e", {"accessKeyId": "AKIA1"})
        assert changed.update_date_time == made.create_date_time + timedelta(seconds=5)
        psk = await soracom.credentials.update("aws-1", type="psk", credentials={"key": "canary"})
        assert (psk.type, psk.credentials) == ("psk", {})
        assert await soracom.credentials.list() == [psk]
        assert "canary" not in repr(emulator.operator.collections)
        assert (await other.get("/credentials")).json() == []
        assert refused(await other.put("/credentials/aws-1", json={}), 404, "AUM9007")
        body = {"type": "psk", "credentials": {}}
        assert refused(await client.post("/credentials/aws-1", json=body), 409, "AUM9008")
        assert refused(await client.post("/credentials/b", json={"credentials": {}}), 400, "AUM9003")
        await soracom.credentials.delete("aws-1")
        with pytest.raises(NotFound):
            await soracom.credentials.delete("aws-1")


async def test_audit_logs(emulator, client, other):
    """An operator finds what its own users called, newest first."""
    start = emulator.world.milliseconds()
    await client.get("/groups?limit=1")
    emulator.advance(1)
    async with open_client(emulator) as sam:
        await log_in(sam, emulator.sam_user)
        await sam.get("/sims/nothing")
        await sam.get("/nothing")
    async with open_client(emulator) as nobody:
        await nobody.post("/auth", json={"email": "root@example.com", "password": "no"})
    entries = (await client.get("/audit_logs/api")).json()
    assert [entry["apiKind"] for entry in entries] == ["/v1/sims/{sim_id}", "/v1/auth", "/v1/groups", "/v1/auth"]
    assert entries[0] == {
        "apiKind": "/v1/sims/{sim_id}",
        "operatorId": emulator.operator_id,
        "remoteIpAddress": "127.0.0.1",
        "requestPath": "/v1/sims/nothing",
        "requestedTimeEpocMs": start + 1000,
        "statusCode": 404,
        "userName": "sam",
    }
    assert "userName" not in entries[2]
    kinds = {entry["apiKind"] for entry in (await other.get("/audit_logs/api")).json()}
    assert kinds == {"/v1/auth"}
    for query, found in (
        ("api_kind=/v1/auth", 2),
        (f"to_epoch_ms={start}", 2),
        (f"from_epoch_ms={start + 1000}&api_kind=/v1/auth", 1),
        (f"last_evaluated_key={start + 1000}", 2),
        (f"last_evaluated_key={start}", 0),
        ("limit=1", 1),
    ):
        assert len((await client.get(f"/audit_logs/api?{query}")).json()) == found, query
    for key in ("x", "1_x"):
        assert refused(await client.get(f"/audit_logs/api?last_evaluated_key={key}"), 400, "COM9003")


async def test_audit_logs_are_paged(emulator, client):
    """Each call is listed once, even where many have one time and more come in meanwhile."""
    for number in range(7):
        await client.get(f"/sims/{number}")
    async with opened(emulator) as soracom:
        entries = await soracom.audit_logs.api.get(limit=2, api_kind="/v1/sims/{sim_id}").collect()
    assert [entry.request_path for entry in entries] == [f"/v1/sims/{number}" for number in (6, 5, 4, 3, 2, 1, 0)]
