"""A FastAPI application with one session for all its requests.

    pip install fastapi uvicorn
    soracom-async emulator                  # in another shell; paste its three lines here
    uvicorn --app-dir examples fastapi_app:app
    curl http://127.0.0.1:8000/sims

Whoever visits a page should not wait for the next window of the quota: `wait=False` raises instead.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Body, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse

from soracom_async import (
    NotFound,
    RateLimited,
    Soracom,
    TransportError,
)
from soracom_async.models import CreateGroupRequest, Group, Sim


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the session when the application starts, and close it at its end."""
    async with Soracom() as soracom:
        app.state.soracom = soracom.with_options(wait=False, timeout=10)
        yield


app = FastAPI(lifespan=lifespan)


def session(request: Request) -> Soracom:
    """Return the session."""
    soracom: Soracom = request.app.state.soracom
    return soracom


Session = Annotated[Soracom, Depends(session)]


@app.get("/sims")
async def first_sims(soracom: Session) -> list[Sim]:
    """Show the first SIMs."""
    page = await anext(soracom.sims.list(limit=20).by_page())
    return page.items


@app.get("/sims/{sim_id}")
async def one_sim(sim_id: str, soracom: Session) -> Sim:
    """Show one SIM, all of it; /docs shows its fields."""
    try:
        return await soracom.sims.get(sim_id)
    except NotFound as error:
        raise HTTPException(404, error.message) from error


@app.post("/groups")
async def new_group(group: Annotated[CreateGroupRequest, Body()], soracom: Session) -> Group:
    """Create a group."""
    return await soracom.groups.create(body=group)


@app.exception_handler(RateLimited)
async def busy(_: Request, error: RateLimited) -> JSONResponse:
    """Tell the visitor when to come back."""
    headers = {"Retry-After": f"{error.retry_after:.0f}"} if error.retry_after is not None else {}
    return JSONResponse({"detail": "the quota is used up"}, 503, headers)


@app.exception_handler(TransportError)
async def away(_: Request, error: TransportError) -> JSONResponse:
    """Tell the visitor that the API could not be reached; `error.sent` says whether a change may have happened."""
    return JSONResponse({"detail": "the Soracom API did not answer"}, 502)
