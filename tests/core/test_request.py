from __future__ import annotations

import typing
from datetime import UTC, datetime
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from servers import LOGIN, SIM, Script, opened
from unsent import strict

from soracom_async import (
    ApiToken,
    BadRequest,
    ConfigurationError,
    DecodeError,
    ServerError,
    Soracom,
    TransportError,
    operations,
)
from soracom_async._codec.codec import CODEC
from soracom_async._core.quoting import header
from soracom_async._core.request import BadArgument, plan, prepare
from soracom_async._registry import load
from soracom_async.api.group import DELETE_CONFIGURATION_PARAMETER
from soracom_async.api.operations import MODULES
from soracom_async.api.sim import DELETE_SIM_TAG, GET_SIM, LIST_SIMS

pytestmark = pytest.mark.anyio


DANGEROUS = [
    "",
    ".",
    "..",
    "%2e",
    "%2e%2e",
    "%2E%2E",
    ".%2e",
    "%252e%252e",
    "%25252e%25252e",
    "%",
    "a\x00b",
    "a\nb",
    "a\r\nx-evil: 1",
    "\t",
    "a\x7fb",
    "a\x85b",
    "a%0d%0ab",
    "a%00b",
    "a%250ab",
    "\ud800",
]


@pytest.mark.parametrize("text", [d for d in DANGEROUS if d != "%"])
async def test_a_dangerous_path_argument_is_refused_before_anything_is_sent(text):
    """Empty, dot segments however quoted, and control characters: ConfigurationError that names the argument."""
    async with strict() as soracom:
        with pytest.raises(ConfigurationError, match="sim_id"):
            await soracom.sims.get(text)
        with pytest.raises(ConfigurationError, match="tag_name"):
            await soracom.sims.delete_tag("1", text)
        with pytest.raises(ConfigurationError, match="sim_id"):
            await soracom.call("getSim", sim_id=text)


@pytest.mark.parametrize("value", [True, False, b"1", 1.5, ["1"], {"a": 1}, object(), ("..",)])
async def test_a_path_argument_of_another_kind_is_refused(value):
    """Only text and whole numbers are names."""
    async with strict() as soracom:
        with pytest.raises(ConfigurationError, match="sim_id"):
            await soracom.sims.get(value)


async def test_none_is_an_argument_that_is_missing():
    """None for a path argument says which one is needed."""
    async with strict() as soracom:
        with pytest.raises(ConfigurationError, match="needs the argument 'sim_id'"):
            await soracom.sims.get(None)
        with pytest.raises(ConfigurationError, match="needs the argument 'tag_name'"):
            await soracom.sims.delete_tag("1", None)


@pytest.mark.parametrize(
    ("text", "segment"),
    [
        ("a/b", "a%2Fb"),
        ("a\\b", "a%5Cb"),
        ("../x", "..%2Fx"),
        ("a/../b", "a%2F..%2Fb"),
        ("/", "%2F"),
        ("a?b", "a%3Fb"),
        ("a#b", "a%23b"),
        ("a;b", "a%3Bb"),
        ("a%2fb", "a%252fb"),
        ("100%", "100%25"),
        ("%", "%25"),
        ("a+b", "a%2Bb"),
        ("a b", "a%20b"),
        (" ", "%20"),
        ("\u3000", "%E3%80%80"),
        ("設置場所", "%E8%A8%AD%E7%BD%AE%E5%A0%B4%E6%89%80"),
        ("．．", "%EF%BC%8E%EF%BC%8E"),
        ("...", "..."),
        ("..a", "..a"),
        (".hidden", ".hidden"),
        ("name.v2", "name.v2"),
        ("😀", "%F0%9F%98%80"),
        ("user@example.com", "user%40example.com"),
        ("a:b", "a%3Ab"),
        ("a&b=c", "a%26b%3Dc"),
    ],
)
async def test_anything_else_is_quoted(text, segment):
    """What has a meaning in an address loses it; the tag's name arrives as it was given, and at the same route."""
    transport = Script(httpx.Response(204))
    async with opened(transport) as soracom:
        await soracom.sims.delete_tag("8942310000000000000", text)
    (request,) = transport.requests
    assert request.url.raw_path.decode() == f"/v1/sims/8942310000000000000/tags/{segment}"
    assert unquote(segment) == text


async def test_whole_numbers_are_names():
    """An int is written in decimal."""
    transport = Script(SIM)
    async with opened(transport) as soracom:
        await soracom.sims.get(8942310000000000000)
    assert transport.requests[0].url.path == "/v1/sims/8942310000000000000"


texts = st.text() | st.text(alphabet="./%25eE2fF\\?#a\x00") | st.sampled_from(DANGEROUS)


@given(first=texts, second=texts, third=texts)
@example("..", "a", "a")
@example("%2e%2e", "a", "a")
@example("a/..", "%252e", "")
@example("a", "\r\n", "b")
@example("a", "．", "\u3000")
def test_no_text_ever_leads_to_another_route(first, second, third):
    """Any text is refused, or becomes exactly its own segment: one, that says the text and is no dot segment."""
    arguments = {"group_id": first, "namespace": second, "name": third}
    try:
        target = prepare(DELETE_CONFIGURATION_PARAMETER, arguments, CODEC).target.decode("ascii")
    except BadArgument:
        return
    empty, version, groups, one, configuration, two, three = target.split("/")
    assert (empty, version, groups, configuration) == ("", "v1", "groups", "configuration")
    for text, segment in ((first, one), (second, two), (third, three)):
        assert unquote(segment) == text
        assert not set(segment) & set("?#;\\ \r\n")
        assert segment.isascii()
        bare = segment
        while bare != unquote(bare):
            bare = unquote(bare)
        assert bare not in ("", ".", "..")


@given(text=st.text(alphabet=st.characters(codec="utf-8")))
def test_query_values_say_the_text(text):
    """A value in the query arrives as it was given, and adds no parameter."""
    target = prepare(LIST_SIMS, {"last_evaluated_key": text, "limit": 10}, CODEC).target.decode("ascii")
    path, _, query = target.partition("?")
    assert path == "/v1/sims"
    pairs = [pair.partition("=")[::2] for pair in query.split("&")]
    assert [(name, unquote(value)) for name, value in pairs] == [("last_evaluated_key", text), ("limit", "10")]
    assert "#" not in query


@pytest.mark.parametrize("value", ["\ud800", "a\ud83d"])
async def test_query_values_that_are_no_text_are_refused(value):
    """A lone surrogate cannot be sent: ConfigurationError, not an error of Python's."""
    async with strict() as soracom:
        with pytest.raises(ConfigurationError, match="last_evaluated_key"):
            await soracom.sims.list(last_evaluated_key=value).collect()


@pytest.mark.parametrize("value", [b"1", object(), {"a": 1}, [object()], float("nan"), [float("inf")]])
async def test_query_values_of_another_kind_are_refused(value):
    """Text, numbers and booleans are sent, nothing else."""
    async with strict() as soracom:
        with pytest.raises(ConfigurationError, match="limit"):
            await soracom.sims.list(limit=value).collect()


def test_query_values_of_each_kind():
    """Booleans as in JSON, lists as repetitions, None as nothing, times in the unit of the parameter."""

    def query(operation_id, **arguments):
        return prepare(load(operation_id), arguments, CODEC).target.decode().partition("?")[2]

    assert query("listSims", limit=None) == ""
    assert query("listSims", limit=0) == "limit=0"
    noon = datetime(2026, 6, 4, 12, tzinfo=UTC)
    milliseconds = int(noon.timestamp() * 1000)
    assert query("getDataFromSim", sim_id="1", from_=noon, to=1) == f"from={milliseconds}&to=1"
    assert query("listSubscribers", status_filter=["active", "a|b"]) == "status_filter=active&status_filter=a%7Cb"


def test_lists_in_a_query():
    """A list is one part for each of its items, several lists are one behind the other; nothing is joined."""
    arguments = {"name": ["a", "b&c"], "status": ("active",), "tag": [], "limit": 5, "bundles": None}
    target = prepare(load("searchSims"), arguments, CODEC).target.decode()
    assert target == "/v1/query/sims?name=a&name=b%26c&status=active&limit=5"


@pytest.mark.parametrize("value", ["text/csv", "text/plain; charset=utf-8", "a"])
def test_header_parameters(value):
    """They are sent as they are; a content type takes the place of the one that would be guessed."""
    arguments = {"scope": "private", "path": "a", "content": b"x"}
    assert prepare(load("putFile"), {**arguments, "content_type": value}, CODEC).content_type == value.encode()
    assert prepare(load("putFile"), arguments, CODEC).content_type == b"application/octet-stream"


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\x00", "é", "\u3000", " a", "a ", 5.5j, b"a", ["a"]])
async def test_header_parameters_that_would_break_a_request(value):
    """No value adds a header or ends a request, and a secret in it is not shown."""
    async with strict() as soracom:
        with pytest.raises(ConfigurationError, match="content_type must be ASCII text") as caught:
            await soracom.files.put("private", "a", content=b"x", content_type=value)
        assert "evil" not in str(caught.value)


def test_a_time_without_a_zone_is_refused():
    """A naive datetime could mean two things: the error says what to do."""
    with pytest.raises((BadArgument, ConfigurationError), match="zone"):
        prepare(load("getDataFromSim"), {"sim_id": "1", "from_": datetime(2026, 6, 4)}, CODEC)


async def test_unknown_arguments_are_refused():
    """A name that the operation does not have: the error lists those that it has."""
    async with strict() as soracom:
        with pytest.raises(ConfigurationError, match=r"no argument 'sim'.*did you mean 'sim_id'"):
            await soracom.call("getSim", sim_id="1", sim="1")
        with pytest.raises(ConfigurationError, match=r"no argument 'payloads'.*payload"):
            await soracom.call("sendSmsToSim", sim_id="1", payloads="x")
        with pytest.raises(ConfigurationError, match="no argument 'body'"):
            await soracom.call("getSim", sim_id="1", body={})
        with pytest.raises(ConfigurationError, match="no argument 'speedclass'; did you mean 'speed_class'"):
            await soracom.call("updateSimSpeedClass", sim_id="1", speedclass="s1.fast")


async def test_a_body_that_is_given_twice_is_refused():
    """By its own name and as `body` at once: the error names both."""
    async with strict() as soracom:
        with pytest.raises(ConfigurationError, match="'body' and 'tags' are the same; give one of them"):
            await soracom.call("putSimTags", sim_id="1", tags=[], body=[])


async def test_missing_arguments_are_refused():
    """A path, query or body argument that is required and absent: the error names it."""
    async with strict() as soracom:
        with pytest.raises(ConfigurationError, match="needs the argument 'sim_id'"):
            await soracom.call("getSim")
        with pytest.raises(ConfigurationError, match="needs the argument 'expiry_time'"):
            await soracom.call("setSimExpiryTime", sim_id="1")
        with pytest.raises(ConfigurationError, match="needs the argument 'tags'"):
            await soracom.call("putSimTags", sim_id="1")
        with pytest.raises(TypeError):
            await soracom.sims.get()


async def test_an_unknown_operation_is_refused():
    """The error names those that look like it."""
    async with strict() as soracom:
        with pytest.raises(ConfigurationError, match="getSim"):
            await soracom.call("getSIM")


@pytest.mark.parametrize("value", [object(), b"\xff", bytearray(b"x"), float("nan"), "\ud800"])
async def test_a_body_that_is_no_json_is_refused(value):
    """What JSON cannot say is a ConfigurationError, before anything is sent; a set has a usual form."""
    async with strict() as soracom:
        with pytest.raises(ConfigurationError):
            await soracom.groups.create(tags={"name": value})
    transport = Script(SIM)
    async with opened(transport) as soracom:
        await soracom.login()
        await soracom.groups.create(tags={"name": {1, 2}})
        assert len(transport.requests) == 1


@pytest.mark.parametrize("body", ["x", 1, [1], object()])
async def test_a_body_of_another_kind_is_refused(body):
    """A body is a model or a mapping of the API's own names."""
    async with strict() as soracom:
        with pytest.raises(ConfigurationError, match="body"):
            await soracom.sims.send_sms("1", body=body)


def test_bodies_of_each_kind():
    """By field, by model, by mapping: the same JSON; an operation without body has none."""
    from soracom_async.api.sim import SEND_SMS_TO_SIM, SmsForwardingRequest

    expected = b'{"payload":"x","encodingType":2}'
    for arguments in (
        {"payload": "x", "encoding_type": 2},
        {"body": SmsForwardingRequest(payload="x", encoding_type=2)},
        {"body": {"payload": "x", "encodingType": 2}},
    ):
        content = prepare(SEND_SMS_TO_SIM, {"sim_id": "1", **arguments}, CODEC).content
        assert sorted(content) == sorted(expected)
    assert prepare(GET_SIM, {"sim_id": "1"}, CODEC).content is None
    assert prepare(SEND_SMS_TO_SIM, {"sim_id": "1"}, CODEC).content == b"{}"


@pytest.mark.parametrize("operation_id", MODULES)
def test_no_argument_leads_an_operation_to_another_route(operation_id):
    """With a name for each path parameter, every operation's path is its template, filled in."""
    operation = load(operation_id)
    how = plan(operation, CODEC)
    names = [parameter.name for parameter in how.path]
    arguments = dict.fromkeys(how.required, "1") | {name: f"a {name}" for name in names}
    if operation.sends_json and operation.body_name in arguments:
        arguments[operation.body_name] = {} if typing.get_origin(operation.body) is dict else []
    expected = f"/v1{operation.path}"
    for name in names:
        expected = expected.replace(f"{{{name}}}", f"a%20{name}")
    assert prepare(operation, arguments, CODEC).target.decode().partition("?")[0] == expected
    for parameter in how.path:
        evils = {"..", "%2e%2e", "\x00", "a/../b", "a/%2e%2e"}
        if "path" not in getattr(parameter.type, "__metadata__", ()):
            evils |= {""}
            assert "a%2Fb" in prepare(operation, {**arguments, parameter.name: "a/b"}, CODEC).target.decode()
            evils -= {"a/../b", "a/%2e%2e"}
        for evil in evils:
            with pytest.raises(BadArgument, match=parameter.name):
                prepare(operation, {**arguments, parameter.name: evil}, CODEC)


def test_what_is_prepared_shows_no_body():
    """The content of a login is in no repr."""
    prepared = prepare(load("auth"), {"password": "can" + "ary", "email": "a@b.example"}, CODEC)
    assert b"canary" in prepared.content
    assert "canary" not in repr(prepared)


async def test_the_own_operator_is_the_default():
    """`operator_id` left out is the operator of the session, also by operationId; another one may be named."""
    transport = Script({"operatorId": "x"})
    async with opened(transport) as soracom:
        await soracom.operator.get()
        await soracom.call("getOperator")
        await soracom.call("getOperator", operator_id="OP9")
    own = f"/v1/operators/{LOGIN['operatorId']}"
    assert [r.url.path for r in transport.requests] == [own, own, "/v1/operators/OP9"]


async def test_the_own_operator_is_the_default_of_overloaded_methods_too():
    """A method whose body may be given whole has its own operator as well."""
    transport = Script(httpx.Response(201, json={}))
    async with opened(transport) as soracom:
        await soracom.roles.create("role", permission="{}")
    assert transport.requests[0].url.path == f"/v1/operators/{LOGIN['operatorId']}/roles/role"


@pytest.mark.parametrize(
    ("status", "operation_id"),
    [(204, "getSoraCamDeviceAtomCamFirmwareUpdate"), (304, "assignSoraCamDeviceAtomCamLicense")],
)
async def test_an_empty_answer_that_is_foreseen_is_none(status, operation_id):
    """Where nothing is there to tell, or to change, the service answers without a body; that is no error."""
    transport = Script(httpx.Response(status))
    async with opened(transport) as soracom:
        assert await soracom.call(operation_id, device_id="cam") is None
    assert len(transport.requests) == 1


def test_a_tag_of_a_dot_is_no_deletion_of_all_tags():
    """The worst case by name: a tag called `..` would have deleted something else."""
    with pytest.raises(BadArgument, match="dot segment"):
        prepare(DELETE_SIM_TAG, {"sim_id": "1", "tag_name": ".."}, CODEC)


# Requests that no method makes


async def test_a_request_of_ones_own():
    """Method, path, query, headers and body go out as they were given, and the session's token with them."""
    transport = Script({"id": 1, "unknown": None})
    async with opened(transport) as soracom:
        answer = await soracom.request(
            "post",
            "/things/a%2Fb/",
            params={"name": ["a", "b c"], "all": True, "none": None, "é&": 1.5},
            json={"name": "é"},
            headers={"X-Extra": "1", "accept": "text/csv", "Content-Type": "application/vnd.thing+json"},
        )
        await soracom.request("PUT", "/v1/things", content="text")
        await soracom.request("DELETE", "/things", json=0)
    assert answer == {"id": 1, "unknown": None}
    first, second, third = transport.requests
    assert (first.method, first.url.raw_path) == (
        "POST",
        b"/v1/things/a%2Fb/?name=a&name=b%20c&all=true&%C3%A9%26=1.5",
    )
    assert first.content == '{"name":"é"}'.encode()
    assert (first.headers["x-extra"], first.headers["accept"]) == ("1", "text/csv")
    assert first.headers["content-type"] == "application/vnd.thing+json"
    assert first.headers["x-soracom-token"] == LOGIN["token"]
    assert (second.url.raw_path, second.content) == (b"/v1/things", b"text")
    assert second.headers["content-type"] == "application/octet-stream"
    assert (third.content, third.headers["content-type"]) == (b"0", "application/json")


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        (httpx.Response(200, json=[None, {"a": 1.5}]), [None, {"a": 1.5}]),
        (httpx.Response(200, content=b'"x"'), "x"),
        (httpx.Response(204), None),
        (httpx.Response(200, headers={"content-type": "application/json"}), None),
        (httpx.Response(200, content=b"\xff\xd8", headers={"content-type": "image/jpeg"}), b"\xff\xd8"),
        (httpx.Response(201, content=b"a,b", headers={"content-type": "text/csv"}), b"a,b"),
        (httpx.Response(200, content=b"{}", headers={"content-type": "application/problem+json"}), {}),
    ],
)
async def test_what_a_request_of_ones_own_answers(response, answer):
    """JSON as it is, nothing as None, and what is no JSON as bytes."""
    async with opened(Script(response)) as soracom:
        assert await soracom.request("GET", "/things") == answer


async def test_a_request_for_the_head():
    """HEAD answers the headers, of the content as it is stored."""
    transport = Script(httpx.Response(200, headers={"etag": '"1"', "X-Thing": "a"}))
    async with opened(transport) as soracom:
        told = await soracom.request("HEAD", "/things")
    assert (told["etag"], told["x-thing"]) == ('"1"', "a")
    assert transport.requests[0].headers["accept-encoding"] == "identity"


async def test_an_answer_that_is_no_json():
    """Broken JSON is a DecodeError, an error answer the error that it always is."""
    async with opened(Script(httpx.Response(200, content=b"{"), 400), max_retries=0) as soracom:
        with pytest.raises(DecodeError, match=r"request \(GET /things\): 200 with a body of 1 bytes"):
            await soracom.request("GET", "/things")
        with pytest.raises(BadRequest) as caught:
            await soracom.request("GET", "/v1/things")
        assert (caught.value.operation, caught.value.code) == ("request", "TST0001")


@pytest.mark.parametrize(
    ("method", "times"), [("GET", 3), ("HEAD", 3), ("PUT", 3), ("DELETE", 3), ("POST", 1), ("PATCH", 1)]
)
async def test_the_method_decides_what_is_repeated(method, times, jumping_clock):
    """A failure of the service is repeated unless the request acts again each time; a 429 and a 401 always."""
    transport = Script(503)
    async with opened(transport, clock=jumping_clock, max_retries=2) as soracom:
        with pytest.raises(ServerError):
            await soracom.request(method, "/things")
        assert len(transport.requests) == times
        transport.steps = [401, 429, httpx.ConnectError("x"), httpx.Response(204)]
        await soracom.request(method, "/things")
        assert len(transport.requests) == times + 4
        assert len(transport.logins) == 2


async def test_a_stream_as_a_request_of_ones_own():
    """`content` may be whatever a file may be made of; it is sent once."""

    async def chunks():
        yield b"a"
        yield b"b"

    bodies = []

    class Reading(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            bodies.append(b"".join([chunk async for chunk in request.stream]))
            raise httpx.ReadError("lost")

    async with Soracom(ApiToken("key", "token"), endpoint="http://soracom.test", transport=Reading()) as soracom:
        with pytest.raises(TransportError, match="request .*the stream that was its body has been read"):
            await soracom.request("PUT", "/things", content=chunks())
    assert bodies == [b"ab"]


@pytest.mark.parametrize(
    ("method", "path", "group"),
    [
        ("GET", "/sims/1", "Sim"),
        ("PATCH", "/sims/1", "Sim"),
        ("GET", "/v1/sims/1/something_new", "Sim"),
        ("GET", "/data/Sim/1/something_new", "DataEntry"),
        ("GET", "/bills/latest", "Billing"),
        ("GET", "/groups", "Group"),
        ("GET", "/things/new", "other"),
        ("GET", "/files/new/and/far/away", "other"),
        ("GET", "/", "other"),
        ("GET", "/v1", "other"),
        ("GET", "/v10", "other"),
    ],
)
async def test_on_whose_quota_a_request_of_ones_own_draws(method, path, group):
    """On that of the same path, else of paths that begin alike, else on one of its own; or on the one that is named."""
    quota = {
        "x-soracom-ratelimit-limit": "60",
        "x-soracom-ratelimit-remaining": "59",
        "x-soracom-ratelimit-seconds-before-refresh": "60",
    }
    async with opened(Script(httpx.Response(200, json={}, headers=quota))) as soracom:
        await soracom.request(method, path)
        assert set(soracom.rate_limits()) == {"auth", group}
        assert soracom.rate_limits()[group].remaining == 59
        await soracom.request(method, path, group="Soralet")
        assert soracom.rate_limits()["Soralet"].remaining == 59


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("CONNECT", "/a"), "method='CONNECT' is not known: use one of GET, HEAD, PUT"),
        ((None, "/a"), "method=None is not known"),
        (("GET\r\n", "/a"), "is not known"),
        *(
            (("GET", path), "the path must be one such as")
            for path in (
                "a",
                "",
                None,
                "//evil.test/a",
                "https://evil.test/",
                "/a?b=c",
                "/a#b",
                "/a b",
                "/%",
                "/a%2",
                "/é",
            )
        ),
        *(
            (("GET", path), "a dot segment or a control character")
            for path in ("/..", "/a/../b", "/a/%2e%2e/b", "/%252e", "/a%00", "/a%0d%0a", "/v1/%2E./x")
        ),
    ],
)
async def test_a_request_that_leads_elsewhere(arguments, message):
    """Another host, another route, or no method of HTTP: refused before anything is sent."""
    async with strict() as soracom:
        with pytest.raises(ConfigurationError, match=message):
            await soracom.request(*arguments)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"json": {}, "content": b""}, "a request has one body: give json or content, not both"),
        ({"json": float("nan")}, "cannot be written as JSON"),
        ({"content": {"a": 1}}, r"request \(GET /a\): body must be bytes, text, .* not dict"),
        ({"params": {"a": float("nan")}}, r"params\['a'\] must be a string, a number or a boolean, not nan"),
        ({"params": {"a": object()}}, r"params\['a'\] must be a string, a number or a boolean, not object"),
        ({"params": {"a": "\ud800"}}, r"params\['a'\] has a lone surrogate"),
        ({"params": {5: "a"}}, "5 is no name of a parameter"),
        ({"params": {"\ud800": "a"}}, "is no name of a parameter"),
        ({"headers": {"a b": "c"}}, "'a b' is no name of a header"),
        ({"headers": {5: "c"}}, "5 is no name of a header"),
        ({"headers": {"a": "b\r\nc"}}, r"headers\['a'\] must be ASCII text without control characters"),
        *(
            ({"headers": {name: "x"}}, f"the session itself sets the header '{name.lower()}'")
            for name in (
                "Host",
                "X-Soracom-Token",
                "x-soracom-api-key",
                "Content-Length",
                "Transfer-Encoding",
                "Cookie",
            )
        ),
    ],
)
async def test_a_request_that_cannot_be_sent(keywords, message):
    """What stands in query, headers or body is refused by its name."""
    async with strict() as soracom:
        with pytest.raises(ConfigurationError, match=message):
            await soracom.request("GET", "/a", **keywords)


def test_header_values_of_each_kind():
    """Booleans as in JSON, numbers in decimal, nothing as nothing."""
    assert header("a", "A", True) == (b"a", b"true")
    assert header("a", "a", 1.5) == (b"a", b"1.5")
    assert header("a", "a", "") == (b"a", b"")


# The table of operations


def test_the_table_of_operations():
    """Every operation by its operationId: a read-only mapping, which loads what it is asked for."""
    assert len(operations) == len(MODULES) == 490
    assert operations["getSim"] is GET_SIM
    assert (operations["getSim"].method, operations["getSim"].path) == ("GET", "/sims/{sim_id}")
    assert list(operations) == list(MODULES)
    assert "getSim" in operations
    assert "getSIM" not in operations
    assert operations.get("getSIM") is None
    with pytest.raises(KeyError, match="getSIM"):
        operations["getSIM"]
    assert repr(operations) == "<490 operations>"
    with pytest.raises(TypeError):
        operations["getSim"] = GET_SIM
