"""A World as JSON, and back: by the types of its records, so that a new field is saved without further code."""

from __future__ import annotations

import contextlib
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

from attrs import evolve
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from .accounts import Key, Operator, Session, User
from .collections import Collection
from .fleet import Fleet, FleetState
from .groups import Groups
from .storage import Offer, Storage
from .world import AuditEntry, Mail, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..._clock import Clock


def pack(world: World) -> dict[str, Any]:
    """Return a world as JSON."""
    converter = _converter(world)
    to_wall = world.wall() - world.now()
    sessions = (session for session in world.sessions.values() if _lives(world, session.user))
    return {
        "seed": world.seed,
        "wall": world.wall(),
        "ahead": world.ahead,
        "random": world.random.getstate(),
        "number": world.next_number,
        "operators": converter.unstructure(list(world.operators.values())),
        "keys": converter.unstructure([key for key in world.keys.values() if _lives(world, key.user)]),
        "sessions": converter.unstructure([evolve(each, expires=each.expires + to_wall) for each in sessions]),
        "mails": list(_pack_mails(world, converter)),
        "offers": converter.unstructure(world.storage.to_state()),
        "served": converter.unstructure(list(world.served)),
    }


def unpack(data: dict[str, Any], clock: Clock, today: float | None) -> World:
    """Return the world of such JSON; its time continues where it was, or at the Unix time `today` if that is later."""
    wall = data["wall"] if today is None else max(data["wall"], today + data["ahead"])
    world = World(clock, seed=data["seed"], start=wall - data["ahead"])
    world.ahead = data["ahead"]
    version, internal, gauss = data["random"]
    world.random.setstate((version, tuple(internal), gauss))
    world.next_number = data["number"]
    converter = _converter(world)
    for each in data["operators"]:
        operator = converter.structure(each, Operator)
        world.operators[operator.id] = operator
    world.keys = {key.id: key for key in converter.structure(data["keys"], list[Key])}
    to_now = world.now() - world.wall()
    for session in converter.structure(data["sessions"], list[Session]):
        world.sessions[session.token] = evolve(session, expires=session.expires + to_now)
    for mail in data["mails"]:
        world.mails.append(Mail(**mail | {"subject": _found(world, mail["subject"])}))
    world.storage = Storage.from_state(converter.structure(data["offers"], dict[str, Offer]))
    world.served.extend(converter.structure(data["served"], list[AuditEntry]))
    return world


def _converter(world: World) -> Converter:
    """Return a converter that writes a user as its name, except within its operator."""
    converter = Converter(unstruct_collection_overrides={set: sorted})
    converter.register_unstructure_hook(bytes, lambda content: b64encode(content).decode())
    converter.register_structure_hook(bytes, lambda text, _: b64decode(text))
    converter.register_unstructure_hook(User, lambda user: [user.operator.id, user.name])
    converter.register_structure_hook(User, lambda name, _: world.operators[name[0]].users[name[1]])

    as_json = make_dict_unstructure_fn(
        Operator,
        converter,
        users=override(unstruct_hook=lambda users: [_pack_user(user, converter) for user in users.values()]),
        fleet=override(unstruct_hook=lambda fleet: converter.unstructure(fleet.to_state())),
        groups=override(unstruct_hook=Groups.to_state),
        collections=override(unstruct_hook=_pack_collections, rename="shelves"),
    )
    raw = override(struct_hook=lambda data, _: data)
    of_json = make_dict_structure_fn(Operator, converter, users=raw, fleet=raw, groups=raw, collections=raw)

    def revive(data: dict[str, Any], _: Any) -> Operator:
        operator = of_json(data, Operator)
        operator.users = {user["name"]: User(operator, **user) for user in data["users"]}
        operator.groups = Groups.from_state(data["groups"], operator.id)
        operator.fleet = Fleet.from_state(
            converter.structure(data["fleet"], FleetState),
            operator.id,
            time=world.milliseconds,
            live_groups=operator.groups,
        )
        operator.collections = {kind: Collection.from_state(records, kind) for kind, records in data["shelves"].items()}
        return operator

    converter.register_unstructure_hook(Operator, as_json)
    converter.register_structure_hook(Operator, revive)
    return converter


def _pack_user(user: User, converter: Converter) -> dict[str, Any]:
    return make_dict_unstructure_fn(User, converter, operator=override(omit=True))(user)


def _pack_collections(collections: dict[str, Collection]) -> dict[str, Any]:
    return {kind: collection.to_state() for kind, collection in collections.items()}


def _pack_mails(world: World, converter: Converter) -> Iterator[dict[str, Any]]:
    for mail in world.mails:
        with contextlib.suppress(LookupError):  # its subject was removed
            yield converter.unstructure(evolve(mail, subject=_named(world, mail.subject)))


def _named(world: World, subject: Any) -> Any:
    """Return a mail's subject with names instead of users and operators; raises LookupError for a removed one."""
    if isinstance(subject, User):
        if not _lives(world, subject):
            raise LookupError
        return {"user": [subject.operator.id, subject.name]}
    if isinstance(subject, Operator):
        return {"operator": world.operators[subject.id].id}
    if isinstance(subject, (list, tuple)):
        return [_named(world, each) for each in subject]
    return {"value": subject}


def _found(world: World, named: Any) -> Any:
    match named:
        case {"user": [operator_id, name]}:
            return world.operators[operator_id].users[name]
        case {"operator": operator_id}:
            return world.operators[operator_id]
        case {"value": value}:
            return value
    return [_found(world, each) for each in named]


def _lives(world: World, user: User) -> bool:
    """Tell whether a user and its operator still exist."""
    return world.operators.get(user.operator.id) is user.operator and user.operator.users.get(user.name) is user
