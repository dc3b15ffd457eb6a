from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from servers import LOGIN, SIM, Script, opened

from soracom_async import ApiToken, ConfigurationError, Soracom
from soracom_async._codec import CODEC
from soracom_async._core.request import BadArgument, plan, prepare
from soracom_async.api.group import DELETE_CONFIGURATION_PARAMETER
from soracom_async.api.operations import MODULES, load
from soracom_async.api.sim import DELETE_SIM_TAG, GET_SIM, LIST_SIMS

pytestmark = pytest.mark.anyio


class Forbidding(httpx.AsyncBaseTransport):
    """A transport that must not be used."""

    async def handle_async_request(self, request):
        pytest.fail(f"{request.method} {request.url} was sent")


def strict() -> Soracom:
    """Return a session that needs no login and must send nothing."""
    return Soracom(ApiToken("key", "token"), endpoint="http://soracom.test", transport=Forbidding())


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
    """Half a character cannot be sent: ConfigurationError, not an error of Python's."""
    async with strict() as soracom:
        with pytest.raises(ConfigurationError, match="last_evaluated_key"):
            await soracom.sims.list(last_evaluated_key=value).collect()


@pytest.mark.parametrize("value", [b"1", object(), {"a": 1}, [object()]])
async def test_query_values_of_another_kind_are_refused(value):
    """Text, numbers and truth values are sent, nothing else."""
    async with strict() as soracom:
        with pytest.raises(ConfigurationError, match="limit"):
            await soracom.sims.list(limit=value).collect()


def test_query_values_of_each_kind():
    """Truth values as in JSON, lists as repetitions, None as nothing, times in the unit of the parameter."""

    def query(operation_id, **arguments):
        return prepare(load(operation_id), arguments, CODEC).target.decode().partition("?")[2]

    assert query("listSims", limit=None) == ""
    assert query("listSims", limit=0) == "limit=0"
    noon = datetime(2026, 6, 4, 12, tzinfo=UTC)
    milliseconds = int(noon.timestamp() * 1000)
    assert query("getDataFromSim", sim_id="1", from_=noon, to=1) == f"from={milliseconds}&to=1"
    assert query("listSubscribers", status_filter=["active", "a|b"]) == "status_filter=active&status_filter=a%7Cb"


def test_a_time_without_a_zone_is_refused():
    """A naive datetime could mean two things: the error says what to do."""
    with pytest.raises((BadArgument, ConfigurationError), match="zone"):
        prepare(load("getDataFromSim"), {"sim_id": "1", "from_": datetime(2026, 6, 4)}, CODEC)


async def test_unknown_arguments_are_refused():
    """A name that the operation does not have: the error lists those that it has."""
    async with strict() as soracom:
        with pytest.raises(ConfigurationError, match=r"no argument 'sim'.*it takes sim_id"):
            await soracom.call("getSim", sim_id="1", sim="1")
        with pytest.raises(ConfigurationError, match=r"no argument 'payloads'.*payload"):
            await soracom.call("sendSmsToSim", sim_id="1", payloads="x")
        with pytest.raises(ConfigurationError, match="no argument 'body'"):
            await soracom.call("getSim", sim_id="1", body={})


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


@pytest.mark.parametrize("value", [object(), b"\xff", {1, 2}, float("nan"), "\ud800"])
async def test_a_body_that_is_no_json_is_refused(value):
    """What JSON cannot say: either ConfigurationError, or, for bytes and sets, their usual form; nothing else."""
    transport = Script(SIM)
    async with opened(transport) as soracom:
        await soracom.login()
        try:
            await soracom.groups.create(tags={"name": value})
        except ConfigurationError:
            assert transport.requests == []
        else:
            assert type(value) in (bytes, set)
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
    if operation.sends == "application/json" and operation.body_name in arguments:
        arguments[operation.body_name] = []
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


def test_a_tag_of_a_dot_is_no_deletion_of_all_tags():
    """The worst case by name: a tag called `..` would have deleted something else."""
    with pytest.raises(BadArgument, match="dot segment"):
        prepare(DELETE_SIM_TAG, {"sim_id": "1", "tag_name": ".."}, CODEC)
