"""What a run calls: the operation behind a method, its arguments in a key, and what tells keys apart."""

import json
import re
import warnings
from functools import partial
from typing import get_args, get_origin

import pytest
from methods import methods
from unsent import strict

from soracom_async import ConfigurationError, Soracom, structure
from soracom_async._codec.annotations import Array, Map, Object, annotation, choices, without_none
from soracom_async._codec.codec import CODEC
from soracom_async._codec.model import field_names, field_types, is_model, wire_name
from soracom_async._core.operation import Effect
from soracom_async._core.request import plan, prepare
from soracom_async._registry import operations
from soracom_async.bulk.targets import Target
from soracom_async.models import (
    DeviceObjectModel,
    Gadget,
    GetVolumeDiscountResponse,
    Group,
    LagoonUser,
    Sim,
    Subscriber,
)
from soracom_async.pages import Pages

SORACOM = strict()
METHODS = dict(methods(SORACOM))


def of(words, *fixed, **keywords):
    return Target.of(partial(METHODS[words], *fixed, **keywords))


# Operations


def test_there_is_a_method_of_every_operation_but_those_that_the_client_has_itself():
    """Logging in and out, and a search of which the command line has no word."""
    found = {Target.of(method).operation for method in METHODS.values()}
    assert {each.id for each in operations.values() if each not in found} == {"auth", "logout", "searchSubscribers"}


def test_the_operation_of_a_method_is_the_one_that_it_calls():
    """It is the one that the method's docstring names, and all arguments are known with their types."""
    for words in METHODS:
        check_operation(words)


def check_operation(words):
    target = Target.of(METHODS[words])
    assert f"`{target.operation.method} {target.operation.path}`" in " ".join(METHODS[words].__doc__.split())
    assert target.name == target.operation.id
    assert target.effect is target.operation.effect
    known = set(plan(target.operation, CODEC).names) | {"body", target.operation.body_name}
    assert set(target.parameters) <= known
    assert target.required <= set(target.parameters)
    assert target.caller is SORACOM


def test_a_key_with_what_is_required_is_a_request():
    """What a key must have, by name, is all that the request needs; without one of them, nothing is called."""
    for words in METHODS:
        check_required(words)


def check_required(words):
    target = Target.of(METHODS[words])
    arguments = {name: example(target.parameters[name]) for name in target.required}
    bound = target.bind(arguments)
    assert bound.error is None
    operator = {"operator_id": "OP1"} if "{operator_id}" in target.operation.path else {}
    prepare(target.operation, {**operator, **bound.call.keywords}, CODEC)
    for name in target.required:
        less = {other: value for other, value in arguments.items() if other != name}
        error = target.bind(less).error
        assert isinstance(error, ConfigurationError)
        assert "needs the argument" in str(error)
    assert "has no argument 'nonsense'" in str(target.bind({**arguments, "nonsense": "1"}).error)


def example(type_):
    """Return a value of a type that any request takes."""
    tree = without_none(annotation(type_))
    first = choices(tree)[0]
    if isinstance(first, Array):
        return []
    if isinstance(first, Map | Object):
        return {}
    return {int: 1, float: 1.5, bool: True}.get(getattr(first, "type", None), "20260101")


def test_methods_of_other_clients_and_inner_groups_are_found():
    """Those of a client with other options keep that client."""
    other = SORACOM.with_options(timeout=5)
    assert Target.of(other.sims.suspend).caller is other
    target = Target.of(SORACOM.operator.auth_keys.delete)
    assert (target.name, target.parameter, target.required) == ("deleteOperatorAuthKey", "auth_key_id", {"auth_key_id"})
    assert Target.of(SORACOM.operator.get).parameter == "operator_id"


def test_partials_fix_arguments():
    """By position and by name, also one within another; the key is the first argument of the path that is open."""
    target = Target.of(partial(SORACOM.sims.update_speed_class, speed_class="s1.fast"))
    assert (target.fixed, target.required) == ({"speed_class": "s1.fast"}, {"sim_id"})
    inner = partial(partial(SORACOM.sims.get_packet_capture_session, "1"))
    assert (Target.of(inner).parameter, Target.of(inner).fixed) == ("session_id", {"sim_id": "1"})
    again = partial(partial(SORACOM.sims.update_speed_class, speed_class="s1.slow"), speed_class="s1.fast")
    assert Target.of(again).fixed == {"speed_class": "s1.fast"}
    whole = Target.of(partial(SORACOM.sims.update_speed_class, body={"speedClass": "s1.fast"}))
    assert whole.bind("1").error is None
    assert of("sims.update_speed_class").bind({"sim_id": "1", "body": {"speedClass": "s1.fast"}}).error is None


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (5, "function to call for each key, not int"),
        (partial(SORACOM.sims.get, sim="1"), "getSim cannot take what was fixed: .*'sim'; it takes sim_id"),
        (partial(SORACOM.sims.get, "1", "2"), "getSim cannot take what was fixed: .*; it takes sim_id"),
        (partial(SORACOM.sims.get, 5), "getSim: sim_id must be text, not int 5"),
        (partial(SORACOM.sims.list, limit="many"), "listSims: limit='many' is no whole number"),
        (partial(SORACOM.groups.put_tags, tags=b"x"), "putGroupTags: .*bytes"),
        (Soracom.sims.suspend, "has no session: take it from a Soracom"),
    ],
)
def test_what_every_key_would_fail_by_is_said_at_once(function, message):
    """Before any key is looked at."""
    with pytest.raises(ConfigurationError, match=message):
        Target.of(function)


def test_an_operation_has_its_name_and_effect_itself():
    """They are for functions of one's own."""
    for settings in ({"name": "mine"}, {"repeatable": True}):
        with pytest.raises(ConfigurationError, match="function of your own"):
            Target.of(SORACOM.sims.get, **settings)


def test_a_deprecated_method_warns_when_it_is_called_only():
    """Finding its operation is no use of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for method in METHODS.values():
            Target.of(method)


# Keys


@pytest.mark.parametrize(
    "key", ["8942310022000000001", {"sim_id": "8942310022000000001"}, structure({"simId": "8942310022000000001"}, Sim)]
)
def test_the_same_key_in_any_form_is_the_same(key):
    """A text, a mapping and a model."""
    bound = of("sims.suspend").bind(key)
    assert bound.error is None
    assert (bound.text, bound.arguments) == ("8942310022000000001", {"sim_id": "8942310022000000001"})


def test_the_text_of_several_arguments_is_canonical():
    """Their order and their form, as cells or as values, make no difference; what is None is not there."""
    target = of("sims.send_sms")
    one = target.bind({"sim_id": "1", "payload": "hello", "encoding_type": 1})
    other = target.bind({"encoding_type": "1", "payload": "hello", "sim_id": "1", "body": None})
    assert one.text == other.text == '{"encoding_type":1,"payload":"hello","sim_id":"1"}'
    assert other.call.keywords["encoding_type"] == 1


def test_a_text_that_looks_like_json_is_no_mapping():
    """Nobody can smuggle arguments in."""
    target = of("sims.get")
    assert target.bind('{"a":1}').text == '{"sim_id":"{\\"a\\":1}"}'
    assert target.bind({"sim_id": '{"a":1}'}).text == target.bind('{"a":1}').text


@pytest.mark.parametrize(
    ("words", "key", "message"),
    [
        ("sims.get", 8942310022000000001, "sim_id must be text, not int 8942310022000000001: .*leading zeros"),
        ("sims.get", {"sim_id": 1.5}, "sim_id must be text, not float"),
        ("sims.get", True, "sim_id must be text, not bool"),
        ("sims.get", None, "key None: getSim needs the argument 'sim_id'"),
        ("sims.get", {"simid": "1"}, "no argument 'simid'; did you mean 'sim_id'"),
        ("sims.update_speed_class", "1", "key '1': updateSimSpeedClass needs the argument 'speed_class'"),
        ("sims.create", "1", "createSim takes no single value for a key: give mappings"),
        ("sims.get", structure({}, Sim), "this Sim came without sim_id"),
        ("sims.get", structure({"id": 1}, LagoonUser), "a LagoonUser has no sim_id: say what to take, as in key="),
        ("sims.get", structure({"objectId": 1}, DeviceObjectModel), "a DeviceObjectModel has no sim_id"),
        ("sims.session_events", {"sim_id": "1", "from_": "yesterday"}, "from_='yesterday' is no time"),
        ("sims.session_events", {"sim_id": "1", "from_": "2026-01-01T00:00:00"}, "a time without its zone"),
        ("sims.session_events", {"sim_id": "1", "limit": "1.5"}, "limit='1.5' is no whole number"),
        ("sims.downlink_http", {"sim_id": "1", "ssl": "yes"}, "ssl='yes' is neither true nor false"),
        ("groups.put_tags", {"group_id": "1", "tags": "[{"}, "is no JSON"),
        ("operator.configuration.set", {"namespace": "x", "expected_version": "one"}, "is no number"),
    ],
)
def test_a_key_that_cannot_be_sent_says_why(words, key, message):
    """It has an error that names it, and a text by which it is known."""
    bound = of(words).bind(key)
    assert isinstance(bound.error, ConfigurationError)
    assert re.search(message, str(bound.error)), bound.error
    assert bound.text


def test_the_error_of_a_row_names_the_row():
    """As an editor shows it."""
    from soracom_async.bulk import Row

    assert "(row 7)" in str(of("sims.get").bind(Row({"sim": "1"}, 7)).error)


def test_an_argument_is_fixed_or_given_not_both():
    """Which of them was meant nobody knows."""
    target = of("sims.update_speed_class", speed_class="s1.fast")
    error = target.bind({"sim_id": "1", "speed_class": "s1.slow"}).error
    assert "'speed_class' is given for all keys already" in str(error)


@pytest.mark.parametrize(
    ("words", "name", "text", "value"),
    [
        ("sims.session_events", "limit", " 5 ", 5),
        ("sims.session_events", "from_", "1700000000000", 1700000000000),
        ("sims.downlink_http", "ssl", "TRUE", True),
        ("sims.downlink_http", "skip_verify", "false", False),
        ("operator.configuration.set", "expected_version", "1.5", 1.5),
        ("groups.put_tags", "tags", '[{"tagName": "a", "tagValue": "b"}]', [{"tagName": "a", "tagValue": "b"}]),
        ("groups.create", "tags", '{"name": "north"}', {"name": "north"}),
        ("sims.send_sms", "payload", "5", "5"),
    ],
)
def test_cells_become_values_of_their_types(words, name, text, value):
    """Text where a number, a truth value, a time, a list or an object is declared; text stays text."""
    target = of(words)
    filled = {each: example(target.parameters[each]) for each in target.required}
    bound = target.bind({**filled, name: text})
    assert bound.error is None
    assert bound.call.keywords[name] == value
    assert type(bound.call.keywords[name]) is type(value)


def test_cells_with_times_become_times():
    """A date is its midnight in UTC, a time has its zone."""
    target = of("sims.session_events")
    for text, epoch in (("2026-01-01", 1767225600000), ("2026-01-01T09:00:00+09:00", 1767225600000)):
        assert target.bind({"sim_id": "1", "from_": text}).arguments["from_"] == epoch


def test_only_names_on_the_wire_are_renamed():
    """A file may have the names that the API has."""
    names = of("sims.session_events").wire_names
    assert names["simId"] == "sim_id"
    assert names["from"] == "from_"
    assert of("sims.send_sms").wire_names["encodingType"] == "encoding_type"
    assert of("groups.put_tags").wire_names["groupId"] == "group_id"


# Models


def listed_models():
    """Give each operation with the models of the listing of what it is about."""
    listings = {each.path.rstrip("/"): each for each in operations.values() if each.method == "GET"}
    for words, method in METHODS.items():
        target = Target.of(method)
        if not target.parameter or target.parameter == "operator_id":
            continue
        before = target.operation.path.partition(f"{{{target.parameter}}}")[0].rstrip("/")
        if before not in listings or before == "/files":
            continue
        for model in models_of(listings[before]):
            if (words, model) != ("volume_discounts.confirm", GetVolumeDiscountResponse):  # it confirms an order
                yield words, model


def models_of(operation):
    """Return the models of a listing's items, or of the lists within its answer."""
    paging = operation.paging
    types = [*paging.items.values()] if paging and paging.items else [operation.result]
    items = [get_args(each)[0] if get_origin(each) is list else each for each in types]
    if get_origin(operation.result) is list or (paging and paging.items):
        return [each for each in items if is_model(each)]
    inner = [arg for type_ in field_types(items[0]).values() for arg in lists_in(type_)]
    return [each for each in inner if is_model(each)]


def lists_in(type_):
    if get_origin(type_) is list:
        return get_args(type_)
    return [found for each in get_args(type_) for found in lists_in(each)]


LISTED = sorted(set(listed_models()), key=str)


def test_there_are_enough_listings():
    """So that the next test says something."""
    assert len(LISTED) > 150
    assert len({model for _, model in LISTED}) > 20


def test_a_model_is_taken_by_its_identifier():
    """Of every listing, for every operation on one of its items."""
    for words, model in LISTED:
        check_identifier(words, model)


def check_identifier(words, model):
    target = of(words)
    types = field_types(model)
    item = structure({wire_name(model, name): example(types[name]) for name in field_names(model)}, model)
    bound = target.bind(item)
    left = target.required - bound.call.keywords.keys() if bound.error is None else None
    if bound.error is not None:
        assert "needs the argument" in str(bound.error), "what else it needs is not of the model"
        assert target.parameter in bound.arguments
    else:
        assert not left
        assert bound.call.keywords[target.parameter] is not None


def test_a_model_gives_all_of_a_path():
    """A gadget is named by two of its fields."""
    bound = of("gadgets.get").bind(structure({"productId": "wimax", "serialNumber": "1"}, Gadget))
    assert bound.arguments == {"product_id": "wimax", "serial_number": "1"}


def test_a_model_that_only_refers_to_a_thing_changes_it_only_by_key():
    """Whoever deletes the groups of SIMs has to say so; reading them is harmless."""
    sim = structure({"simId": "1", "groupId": "g"}, Sim)
    assert of("groups.get").bind(sim).arguments == {"group_id": "g"}
    error = of("groups.delete").bind(sim).error
    assert "a Sim is named by sim_id, and group_id is another thing" in str(error)
    assert of("groups.delete").bind(structure({"groupId": "g"}, Group)).error is None
    assert of("sims.suspend").bind(structure({"imsi": "001", "simId": "1"}, Subscriber)).arguments == {"sim_id": "1"}


# Secrets


def test_secrets_are_in_no_text_and_no_repr():
    """They are sent, and nothing else knows them."""
    target = of("sims.register")
    bound = target.bind({"sim_id": "1", "registration_secret": "12345678"})
    assert bound.call.keywords["registration_secret"] == "12345678"
    assert bound.text == "1"
    assert "12345678" not in repr(bound) + json.dumps(dict(bound.arguments))
    nested = of("credentials.create").bind({"credentials_id": "c", "credentials": {"key": "hush", "password": "hush"}})
    assert nested.text == "c"
    wrong = target.bind({"sim_id": "1", "registration_secret": "12345678", "x": "1"})
    assert "12345678" not in str(wrong.error) + wrong.text + repr(wrong)
    for key in ({"sim_id": "1", "registration_secret": 12345678}, {"sim_id": 1, "registration_secret": "12345678"}):
        assert "12345678" not in str(target.bind(key).error)
    broken = of("credentials.create").bind({"credentials_id": "c", "credentials": '{"key": "hush"'})
    assert "is no JSON" in str(broken.error)
    assert "hush" not in str(broken.error) + broken.text


def test_a_secret_under_a_name_that_is_misspelt():
    """What it means is plain, so its value is hidden like that of the right name."""
    bound = of("users.password.create").bind({"user_name": "taro", "passwrd": "12345678"})
    assert "has no argument 'passwrd'; did you mean 'password'?" in str(bound.error)
    assert "12345678" not in f"{bound.text} {bound.arguments} {bound.error}"
    assert "taro" in bound.text


def test_a_key_that_is_a_secret_is_known_by_a_digest():
    """Two of them are two keys."""
    target = of("subscribers.delete_transfer_token")
    one, other = target.bind("token-one"), target.bind("token-two")
    assert one.error is None
    assert "token-one" not in one.text
    assert one.text != other.text
    assert one.text == target.bind("token-one").text
    assert one.arguments == {}
    assert "123456" not in str(target.bind(123456).error)
    assert "hush" not in str(of("subscribers.delete_transfer_token").bind({"token": "hush", "x": "1"}).error)


# Functions of one's own


async def own(key):
    return key


def test_a_function_of_ones_own_gets_the_key_as_it_is():
    """Its keys are anything; what JSON has is told apart by that."""
    target = Target.of(own, name="mine", repeatable=True)
    assert (target.operation, target.name, target.effect, target.caller) == (None, "mine", Effect.SET, None)
    assert Target.of(own).effect is Effect.ACT
    assert target.usable
    for key, text in (
        ("a", "a"),
        (5, '{"key":5}'),
        ({"b": 1, "a": "x"}, '{"a":"x","b":1}'),
        (["a", 1], '{"key":["a",1]}'),
        (structure({"simId": "1", "status": "active"}, Sim), '{"sim_id":"1"}'),
    ):
        bound = target.bind(key)
        assert bound.text == text
        assert bound.call.args[-1] is key
    assert target.bind(object).text == repr(object)


def test_a_listing_is_a_call_too():
    """Whose value is the list of all items."""
    bound = of("sims.session_events").bind("1")
    pages = bound.call.func._function(*bound.call.args)
    assert isinstance(pages, Pages)


pytestmark = pytest.mark.anyio


async def test_the_identity_of_a_run():
    """The operation, what is fixed without secrets, the operator, and whether it may be repeated."""
    from clock import FakeClock

    from soracom_async.emulator import Emulator

    emulator = Emulator(sims=1, clock=FakeClock(auto=True))
    async with Soracom(emulator.auth_key, transport=emulator.transport, clock=emulator.clock) as soracom:
        fixed = partial(soracom.sims.register, registration_secret="12345678", group_id="g")
        identity = await Target.of(fixed).identity()
        assert (identity.operation, identity.operator) == ("registerSim", emulator.operator_id)
        assert identity.arguments == {"group_id": "g"}
        assert not identity.repeatable
        assert identity.arguments_of("1") == {"sim_id": "1"}
        assert identity.arguments_of('{"a":1}') == {"a": 1}
    mine = await Target.of(partial(own, x=1, password="hush"), name="mine").identity()
    assert (mine.operation, mine.operator, dict(mine.arguments)) == ("mine", "", {"x": 1})
