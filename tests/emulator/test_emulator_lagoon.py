from __future__ import annotations

import httpx
import pytest
from plain import log_in, open_client, refused

from soracom_async import Soracom

pytestmark = pytest.mark.anyio

REGISTRATION = {"plan": "free", "userPassword": "Secret-1"}
USER = {"userEmail": "a@example.com", "userPassword": "Secret-2", "role": "Viewer"}


@pytest.fixture
async def lagoon(client):
    """The root user's client, of an operator with Lagoon."""
    made = await client.post("/lagoon/register", json=REGISTRATION)
    assert (made.status_code, made.json()) == (201, {"lagoonUserEmail": "root@example.com"})
    return client


async def test_nothing_before_the_registration(client, other):
    """Without Lagoon there are no users, no packs, no plan and no icon."""
    for method, path, body in (
        ("GET", "/lagoon/users", None),
        ("GET", "/lagoon/license_packs", None),
        ("GET", "/lagoon/image/link", None),
        ("PUT", "/lagoon/plan", {"plan": "pro"}),
        ("POST", "/lagoon/users", USER),
        ("POST", "/lagoon/terminate", None),
    ):
        assert refused(await client.request(method, path, json=body), 400, "COM9009")
    for body in ({}, {"plan": "pro"}, REGISTRATION | {"plan": "none"}):
        assert refused(await client.post("/lagoon/register", json=body), 400, "COM9003")
    assert (await client.post("/lagoon/register", json=REGISTRATION)).status_code == 201
    assert refused(await client.post("/lagoon/register", json=REGISTRATION), 400, "COM9009")
    assert refused(await other.get("/lagoon/users"), 400, "COM9009")
    assert (await client.post("/lagoon/terminate")).status_code == 204
    assert refused(await client.get("/lagoon/users"), 400, "COM9009")


async def test_users(emulator, clock, lagoon):
    """Users are added, changed and removed; the first is the operator."""
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=clock) as soracom:
        users = soracom.lagoon.users
        made = await users.create(user_email="a@example.com", user_password="Secret-2", role="Viewer")
        assert [(user.id, user.email, user.role) for user in await users.list()] == [
            (1, "root@example.com", "Editor"),
            (made.id, "a@example.com", "Viewer"),
        ]
        await users.update_email(made.id, user_email="b@example.com")
        await users.update_permission(made.id, role="Editor")
        await users.update_password(made.id, old_password="Secret-2", new_password="Secret-3")
        await users.update_password(made.id, old_password="Secret-3", new_password="Secret-4")
        assert [(user.email, user.role) for user in await users.list()][1] == ("b@example.com", "Editor")
        await users.delete(1)
        (left,) = await users.list()
        assert left.extra == {}
        again = await users.create(user_email="c@example.com", user_password="Secret-2", role="Viewer")
        assert again.id == 3


async def test_what_a_user_must_be(lagoon):
    """An address is used once, a role is one of two, and the old password must be right."""
    assert refused(await lagoon.post("/lagoon/users", json=USER | {"userEmail": "root@example.com"}), 409, "COM9008")
    assert refused(await lagoon.post("/lagoon/users", json=USER | {"role": "Owner"}), 400, "COM9003")
    assert refused(await lagoon.post("/lagoon/users", json=USER | {"userPassword": ""}), 400, "COM9003")
    assert len((await lagoon.get("/lagoon/users")).json()) == 1
    body = {"oldPassword": "wrong", "newPassword": "Secret-2"}
    assert refused(await lagoon.put("/lagoon/users/1/password", json=body), 400, "AUM9028")
    assert refused(await lagoon.put("/lagoon/users/1/email", json={"userEmail": "root@example.com"}), 409, "COM9008")
    assert refused(await lagoon.delete("/lagoon/users/9"), 404, "COM9007")


async def test_plan_and_packs(lagoon):
    """The plan and the licence packs change."""
    assert (await lagoon.put("/lagoon/plan", json={"plan": "pro"})).status_code == 204
    assert refused(await lagoon.put("/lagoon/plan", json={}), 400, "COM9003")
    packs = {"licensePackName": "basicUser", "desiredQuantity": 2}
    assert (await lagoon.put("/lagoon/license_packs", json={"licensePackQuantities": [packs]})).status_code == 204
    for wrong in ({"licensePackName": "gold"}, {"desiredQuantity": None}, {"desiredQuantity": -1}):
        body = {"licensePackQuantities": [packs | wrong]}
        assert refused(await lagoon.put("/lagoon/license_packs", json=body), 400, "COM9003")
    assert (await lagoon.get("/lagoon/license_packs")).json() == [
        {"licensePackName": "basicUser", "quantity": 2},
        {"licensePackName": "basicDashboard", "quantity": 0},
    ]


async def test_only_the_root_user_pays(emulator, lagoon):
    """What costs money is not for SAM users."""
    async with open_client(emulator) as sam:
        await log_in(sam, emulator.sam_user)
        for method, path, body in (
            ("POST", "/lagoon/register", REGISTRATION),
            ("POST", "/lagoon/terminate", None),
            ("PUT", "/lagoon/plan", {"plan": "pro"}),
            ("PUT", "/lagoon/license_packs", {}),
        ):
            assert refused(await sam.request(method, path, json=body), 403, "AUM0017")


async def test_the_icon(emulator, lagoon):
    """The link leads to a picture, without the API's headers."""
    link = (await lagoon.get("/lagoon/image/link")).json()
    async with httpx.AsyncClient(transport=emulator.transport) as anybody:
        icon = await anybody.get(link)
    assert (icon.status_code, icon.headers["content-type"]) == (200, "image/svg+xml")
