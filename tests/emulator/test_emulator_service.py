from __future__ import annotations

import json
import re
import sys
from typing import Annotated, Any, Literal

import httpx
import pytest
from plain import log_in, open_client, refused

from soracom_async._codec.times import EpochMilliseconds, Unit
from soracom_async._core.operation import Effect, Operation, Parameter
from soracom_async._registry import load
from soracom_async.api.operations import MODULES
from soracom_async.emulator import Emulator
from soracom_async.emulator.handlers import HANDLERS, handles
from soracom_async.emulator.handlers.data import entries
from soracom_async.emulator.protocol import messages
from soracom_async.emulator.protocol.errors import Refusal
from soracom_async.emulator.service.rate_limits import Quota
from soracom_async.emulator.service.routing import Router
from soracom_async.emulator.service.validation import check, check_query
from soracom_async.errors import ConfigurationError

QUOTA = ("x-soracom-ratelimit-limit", "x-soracom-ratelimit-remaining", "x-soracom-ratelimit-seconds-before-refresh")


def quota_of(answer):
    return tuple(int(answer.headers[name]) for name in QUOTA)


def test_every_handler_answers_an_operation_of_the_table():
    """No handler is for an operation that does not exist, and none is registered twice."""
    Emulator(sims=0)
    assert set(HANDLERS) <= set(MODULES)
    with pytest.raises(AssertionError, match="two handlers"):
        handles("getSim")(lambda call: None)


@pytest.mark.anyio
async def test_a_window_and_its_headers(clock):
    """A group has so many requests from its first on; then 429 until the window turns; the headers count along."""
    emulator = Emulator(sims=1, rate_limit=3, window=10, clock=clock)
    async with open_client(emulator) as client:
        assert quota_of(await log_in(client, emulator.root_user)) == (3, 2, 10)
        await clock.advance(100.5)
        assert quota_of(await client.get("/sims")) == (3, 2, 10)
        await clock.advance(0.25)
        assert quota_of(await client.get("/sims/none")) == (3, 1, 10)
        await clock.advance(0.75)
        assert quota_of(await client.get("/sims", headers={"X-Soracom-API-Key": "no"})) == (3, 2, 10)
        assert quota_of(await client.get("/sims")) == (3, 0, 9)
        answer = await client.get("/sims")
        assert refused(answer, 429, "COM9004")
        assert quota_of(answer) == (3, 0, 9)
        assert quota_of(await client.get("/groups")) == (3, 2, 10)
        await clock.advance(9)
        assert quota_of(await client.get("/sims")) == (3, 2, 10)
    assert emulator.throttled == 1
    assert emulator.quota_used() == emulator.quota_used("Sim") == 1.0
    assert emulator.quota_used("Group") == 0.0


@pytest.mark.anyio
async def test_what_needs_no_login_is_limited_by_address(clock):
    """Each operation without login has a window of its own for an address, whoever calls."""
    emulator = Emulator(sims=1, rate_limit={"auth": 2, "Sim": 5}, window=10, clock=clock)
    async with open_client(emulator) as client:
        for remaining in (1, 0):
            assert quota_of(await log_in(client, emulator.root_user)) == (2, remaining, 10)
        assert refused(await log_in(client, emulator.sam_user), 429, "COM9004")
        issue = await client.post("/auth/password_reset_token/issue", json={"email": "x"})
        assert quota_of(issue) == (1000, 999, 10)
        assert quota_of(await client.get("/sims")) == (5, 4, 10)


def test_aligned_windows_follow_the_clock():
    """An aligned window ends at a multiple of its length, whenever it was first used."""
    quota = Quota(2, 10, aligned=True)
    assert quota.take(("a", "A"), "A", "a", 1007.5).seconds == 3
    grant = quota.take(("a", "A"), "A", "a", 1010.0)
    assert (grant.remaining, grant.seconds) == (1, 10)
    assert quota.share() == 0.5
    with pytest.raises(ValueError, match="more than 0"):
        Quota(2, 0)


def test_limits_by_name():
    """A group or an operation has a limit of its own; `all` is everything else."""
    emulator = Emulator(sims=0, rate_limit={"all": 5, "Sim": 4, "getSim": 3})
    limits = [emulator.quota.take(("a", name), group, name, 0).limit for name, group in NAMED]
    assert limits == [3, 4, 5]
    with pytest.raises(ConfigurationError, match="no operation or group 'Sims'; did you mean 'Sim'"):
        Emulator(rate_limit={"Sims": 1})
    with pytest.raises(ConfigurationError, match=r"throttling='none' must be one of quota, retry-after"):
        Emulator(throttling="none")  # type: ignore[arg-type]


NAMED = [("getSim", "Sim"), ("listSims", "Sim"), ("listGroups", "Group")]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("throttling", "headers"),
    [
        ("quota", {QUOTA[0]: "1", QUOTA[1]: "0", QUOTA[2]: "10"}),
        ("retry-after", {"retry-after": "10"}),
        ("both", {QUOTA[0]: "1", QUOTA[1]: "0", QUOTA[2]: "10", "retry-after": "10"}),
        ("bare", {}),
    ],
)
async def test_what_a_429_says(clock, throttling, headers):
    """The quota, Retry-After, both, or nothing; other answers have the headers of the quota in any case."""
    emulator = Emulator(sims=1, rate_limit=1, window=10, throttling=throttling, clock=clock)
    async with open_client(emulator) as client:
        assert quota_of(await log_in(client, emulator.root_user)) == (1, 0, 10)
        answer = await log_in(client, emulator.root_user)
    assert refused(answer, 429, "COM9004")
    assert {name: answer.headers[name] for name in (*QUOTA, "retry-after") if name in answer.headers} == headers


def test_open_windows_can_be_watched():
    """Each tells whose it is, what was used of it and what is left of its time; one that is over does not."""
    quota = Quota(1, 10)
    for now in (0, 1):
        quota.take(("a", "A"), "A", "x", now)
    quota.take(("b", "B"), "B", "y", 4)
    ((bucket, window, left), _) = quota.windows(4)
    assert (bucket, window.used, window.refused, left) == (("a", "A"), 1, 1, 6)
    ((bucket, _, left),) = quota.windows(10)
    assert (bucket, left) == (("b", "B"), 4)
    quota.clear()
    assert not list(quota.windows(4))


@pytest.mark.anyio
async def test_every_answer_has_the_quota_headers(client):
    """Also errors, unknown routes and wrong methods."""
    for method, path, status in (("GET", "/nothing", 404), ("PATCH", "/sims", 405), ("GET", "/sims?limit=0", 400)):
        answer = await client.request(method, path)
        assert answer.status_code == status
        assert quota_of(answer)[0] == 1000
    assert (await client.patch("/sims")).headers["allow"] == "GET, POST"


@pytest.mark.anyio
async def test_errors_come_in_both_languages(emulator, client):
    """X-Soracom-Lang chooses the language of the message, not the code."""
    english = await client.get("/sims/none")
    japanese = await client.get("/sims/none", headers={"X-Soracom-Lang": "ja"})
    assert english.json()["code"] == japanese.json()["code"] == "SEM9001"
    assert english.json()["message"].isascii()
    assert not japanese.json()["message"].isascii()


def operation(id_, method, path, **more):
    return Operation(id_, method, path, "Any", Effect.READ, **more)


@pytest.mark.parametrize(
    ("path", "found", "values"),
    [
        ("/v1/bills/latest", "latest", {}),
        ("/bills/202401", "month", {"yyyy_mm": "202401"}),
        ("/v1/bills/%6Catest", "month", {"yyyy_mm": "latest"}),
        ("/v1/bills/a%2Fb", "month", {"yyyy_mm": "a/b"}),
        ("/v1/bills/latest/export", "export", {"yyyy_mm": "latest"}),
        ("/v1/bills/..", "month", {"yyyy_mm": ".."}),
        ("/v1/bills/%2e%2e", "month", {"yyyy_mm": ".."}),
        ("/v1/bills/", None, {}),
        ("/v1/bills", None, {}),
        ("/v1/bills/latest/", None, {}),
        ("/v1//bills/latest", None, {}),
        ("/v1/bills/a/b", None, {}),
        ("/", None, {}),
    ],
)
def test_routes(path, found, values):
    """A literal goes before a parameter; what is encoded within a segment leads to no other route."""
    router = Router(
        [
            operation("latest", "GET", "/bills/latest"),
            operation("month", "GET", "/bills/{yyyy_mm}"),
            operation("export", "GET", "/bills/{yyyy_mm}/export"),
        ]
    )
    if found is None:
        with pytest.raises(Refusal, match="COM9001"):
            router.match("GET", path)
    else:
        matched, given = router.match("GET", path)
        assert (matched.id, given) == (found, values)


@pytest.mark.anyio
async def test_a_bare_question_mark_is_no_query(client):
    """The official command line ends a URL without query in one."""
    answer = await client.get(httpx.URL("http://emulator", raw_path=b"/v1/groups?"))
    assert answer.status_code == 200


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"{", "not JSON"),
        (b'"\xff"', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"", "not JSON"),
        (b"{}", "body is not an array"),
        (b"[1]", "body[0] is not an object"),
        (b'[{"tagName":"a"}]', "body[0].tagValue is missing"),
        (b'[{"tagName":"a","tagValue":1}]', "body[0].tagValue is not text"),
    ],
)
async def test_a_wrong_body_is_a_bad_request(emulator, client, body, problem):
    """What the table says of a body is checked, and the answer says where it is wrong."""
    answer = await client.put("/sims/8942310022000000001/tags", content=body)
    assert refused(answer, 400, "COM9003")
    assert problem in answer.json()["message"]


@pytest.mark.anyio
async def test_nulls_count_as_left_out(client):
    """A null for an optional field is no mistake."""
    assert (await client.post("/groups", json={"tags": None})).status_code == 201
    assert refused(await client.post("/groups", json={"tags": {"a": 1}}), 400, "COM9003")
    assert refused(await client.post("/groups", json={"tags": 1}), 400, "COM9003")


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (str, "a", 1),
        (int, 1, True),
        (int, 1, "1"),
        (float, 1, "1"),
        (bool, True, 1),
        (Any, object(), None),
        (Literal["a", "b"], "a", "c"),
        (Literal["a"] | None, None, 1),
        (EpochMilliseconds, 1, "1"),
        (Annotated[str, Unit.ISO], "2025", 1),
        (list[int], [1], ["a"]),
        (dict[str, int], {"a": 1}, {"a": "b"}),
        (bytes, b"", None),
    ],
)
def test_types(kind, right, wrong):
    """Each type that the table names takes what is of it, and no other."""
    check(kind, right, "here")
    if wrong is not None:
        with pytest.raises(Refusal, match="here"):
            check(kind, wrong, "here")


@pytest.mark.parametrize(
    ("parameter", "query", "value"),
    [
        (Parameter("a", int), "a=5", 5),
        (Parameter("a", int | None), "a=5", 5),
        (Parameter("a", str | None), "a=5", "5"),
        (Parameter("a", bool), "a=true", True),
        (Parameter("a", float), "a=1.5", 1.5),
        (Parameter("a", list[int]), "a=1,2&b=9&a=3", [1, 2, 3]),
        (Parameter("from_", EpochMilliseconds, wire="from"), "from=7", 7),
        (Parameter("a", Annotated[str, Unit.ISO]), "a=7", "7"),
        (Parameter("a", Literal["x", "y"]), "a=x", "x"),
        (Parameter("a"), "b=x", None),
        (Parameter("a", int), "a=x", Refusal),
        (Parameter("a", bool), "a=yes", Refusal),
        (Parameter("a", Literal["x"]), "a=y", Refusal),
        (Parameter("a", required=True), "", Refusal),
    ],
)
def test_query_parameters(parameter, query, value):
    """A query parameter arrives as its type, or is refused."""
    asked = operation("any", "GET", "/any", query=(parameter,))
    if value is Refusal:
        with pytest.raises(Refusal):
            check_query(asked, query)
    else:
        assert check_query(asked, query).get(parameter.wire) == value


@pytest.mark.anyio
async def test_latency_is_by_the_clock(jumping_clock):
    """Every answer takes as long as told, by the emulator's clock."""
    emulator = Emulator(sims=1, latency=0.5, clock=jumping_clock)
    async with open_client(emulator) as client:
        await log_in(client, emulator.root_user)
        await client.get("/sims")
    assert jumping_clock.slept == [0.5, 0.5]


@pytest.mark.anyio
@pytest.mark.parametrize("paging", ["both", "link", "key"])
async def test_the_next_page_is_announced(clock, paging):
    """By one header, the other, or both; the last page has neither."""
    emulator = Emulator(sims=3, paging=paging, clock=clock)
    async with open_client(emulator) as client:
        await log_in(client, emulator.root_user)
        first = await client.get("/sims?limit=2")
        last = await client.get("/sims?limit=2&last_evaluated_key=8942310022000000002")
    key, link = first.headers.get("x-soracom-next-key"), first.headers.get("link")
    assert key == (None if paging == "link" else "8942310022000000002")
    assert link == (None if paging == "key" else "</v1/sims?last_evaluated_key=8942310022000000002>; rel=next")
    assert [sim["simId"] for sim in last.json()] == ["8942310022000000003"]
    assert not {"link", "x-soracom-next-key"} & set(last.headers)


def test_json_without_orjson_is_the_same():
    """The slower encoder writes what the quicker one does."""
    value = {"a": [1, None, True, "ü"]}
    assert json.loads(messages._encode(value)) == json.loads(messages.encode(value)) == value


def test_json_is_read_no_deeper_where_python_recurses_more():
    """How deep is not a matter of the version or the settings of Python."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10_000)
    try:
        for read in (messages.decode, messages._decode):
            with pytest.raises(ValueError, match="depth|deep"):
                read("[" * 2000 + "]" * 2000)
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1, 2.5, -0.0, 1E5, true, null, "ü\\ud83d\\ude00"], "a": {}}',
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775809",
        "1e999",
        "1" * 400,
        "NaN",
        '"\\ud83d"',
        "\ufeff1",
        '"\x01"',
        "1\x00",
        "",
        "[" * 100_000,
        "[" * 2000 + "]" * 2000,
        '{"a":[' * 1000 + "]}" * 1000,
    ],
)
def test_json_is_read_in_one_way(text):
    """With orjson and without it, from bytes and from text: the same value, of the same type, or none."""
    found = []
    for read in (messages.decode, messages._decode):
        for content in (text, text.encode()):
            try:
                found.append(repr(read(content)))
            except ValueError:
                found.append("ValueError")
    assert len(set(found)) == 1, found


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/data/metadata/resources", "/data/resources"])
async def test_listings_of_data_do_not_need_orjson(client, monkeypatch, path):
    """What devices sent is text, which is read as JSON."""
    monkeypatch.setattr(entries, "decode", messages._decode)
    assert (await client.get(path)).json()[0]["attributeNames"] == ["battery", "humidity", "temperature"]


def test_time_does_not_run_backwards(emulator):
    """Advancing by less than nothing is refused."""
    with pytest.raises(ValueError, match="backwards"):
        emulator.advance(-1)


@pytest.mark.anyio
async def test_a_required_null_is_missing_in_kind(client):
    """A null where a value is required is a mistake; no body at all is an empty object."""
    path = "/sims/8942310022000000001"
    assert refused(await client.post(f"{path}/packet_capture_sessions", json={"duration": None}), 400, "COM9003")
    assert refused(await client.post(f"{path}/update_speed_class"), 400, "COM9003")
    assert (await client.post("/groups")).status_code == 201


@pytest.mark.anyio
async def test_every_operation_answers(emulator, client):
    """Whatever is asked with nothing in it gets a success, or an error in the unified form."""
    for operation_id in MODULES:
        found = load(operation_id)
        given = {"operator_id": emulator.operator_id, "sim_id": "8942310022000000001", "imsi": "001010000000001"}
        path = re.sub(r"\{(\w+)\}", lambda name: given.get(name[1], "none"), found.path)  # noqa: B023
        if operation_id in ("logout", "revokeOperatorAuthTokens"):
            continue
        answer = await client.request(found.method, path)
        assert answer.status_code < 500, found
        assert answer.status_code < 400 or found.method == "HEAD" or set(answer.json()) == {"code", "message"}, found


@pytest.mark.anyio
async def test_what_fails_inside_is_an_error_of_the_api(clock, monkeypatch, caplog):
    """Whatever goes wrong within is a 500 for the client, and in the log for whoever runs the emulator."""

    def broken(call):
        raise KeyError("inside")

    monkeypatch.setitem(HANDLERS, "listGroups", broken)
    emulator = Emulator(sims=1, clock=clock)
    async with open_client(emulator) as client:
        await log_in(client, emulator.root_user)
        answer = await client.get("/groups")
        assert refused(answer, 500, "AGW0005")
        assert answer.headers["content-type"] == "text/plain"
    assert "listGroups fails" in caplog.text
    assert "KeyError" in caplog.text


@pytest.mark.anyio
async def test_a_path_parameter_of_another_kind(client):
    """A month is digits."""
    assert refused(await client.get("/bills/abc"), 400, "COM9003")
