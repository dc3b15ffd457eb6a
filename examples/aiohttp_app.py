"""An aiohttp application with one session for all its requests.

    pip install aiohttp
    soracom-async emulator                  # in another shell; paste its three lines here
    python examples/aiohttp_app.py
    curl http://127.0.0.1:8080/sims/8942310022000000001
    curl -X POST http://127.0.0.1:8080/sims/8942310022000000001/activate

A request should not wait for the next window of the quota: `wait=False` raises instead.
"""

from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from soracom_async import APIError, RateLimited, Soracom, TransportError

SORACOM = web.AppKey("soracom", Soracom)

routes = web.RouteTableDef()


@routes.get("/sims/{sim_id}")
async def show(request: web.Request) -> web.Response:
    """Show one SIM."""
    sim = await request.app[SORACOM].sims.get(request.match_info["sim_id"])
    return web.json_response({"sim": sim.sim_id, "status": sim.status, "speed class": sim.speed_class})


@routes.post("/sims/{sim_id}/activate")
async def activate(request: web.Request) -> web.Response:
    """Activate one SIM."""
    sim = await request.app[SORACOM].sims.activate(request.match_info["sim_id"])
    return web.json_response({"sim": sim.sim_id, "status": sim.status})


@web.middleware
async def errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer as the API did if it refuses, and 502 if no answer came from it."""
    try:
        return await handler(request)
    except RateLimited:
        return web.json_response({"error": "the quota is used up"}, status=503)
    except APIError as error:
        return web.json_response({"error": error.message, "code": error.code}, status=error.status)
    except TransportError:
        return web.json_response({"error": "the Soracom API did not answer"}, status=502)


async def session(app: web.Application) -> AsyncIterator[None]:
    """Open the session when the application starts, and close it at its end."""
    async with Soracom() as soracom:
        app[SORACOM] = soracom.with_options(wait=False, timeout=10)
        yield


def application() -> web.Application:
    """Return the application."""
    app = web.Application(middlewares=[errors])
    app.add_routes(routes)
    app.cleanup_ctx.append(session)
    return app


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=8080)
