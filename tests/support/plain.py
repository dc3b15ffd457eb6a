"""Plain httpx clients of an emulator, and what its refusals look like."""

from __future__ import annotations

import httpx


def open_client(emulator, **headers):
    """Return a plain client of the emulator in process."""
    return httpx.AsyncClient(transport=emulator.transport, base_url="http://emulator/v1", headers=headers)


async def log_in(client, credentials, **more):
    """Log a client in; its later requests carry key and token."""
    names = {"auth_key_id": "authKeyId", "auth_key": "authKey", "email": "email", "password": "password"}
    names |= {"operator_id": "operatorId", "user_name": "userName"}
    given = {
        names[name]: value if isinstance(value, str) else value.reveal()
        for name, value in credentials.login_arguments().items()
    }
    answer = await client.post("/auth", json=given | more)
    if answer.status_code == 200:
        session = answer.json()
        client.headers.update({"X-Soracom-API-Key": session["apiKey"], "X-Soracom-Token": session["token"]})
    return answer


def refused(answer, status, code):
    """Check an error in the unified form."""
    assert answer.status_code == status, answer.text
    assert answer.json()["code"] == code
    assert answer.json()["message"]
    return True
