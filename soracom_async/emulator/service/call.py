"""One execution of an operation, as its handler sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import define

from ..protocol.errors import Refusal
from ..state.sims import number_of
from ..state.storage import URL_LIFE_S

if TYPE_CHECKING:
    from ..._core.operation import Operation
    from ..protocol.messages import Page, Request
    from ..state.accounts import Operator, Session, User
    from ..state.collections import Collection, Record
    from ..state.world import World

MOST = 1000
"""The most items of one page; most listings of the API have a limit of 100."""


@define(slots=True)
class Call:
    """One execution of an operation: the request, the user, and the state.

    A handler reaches data only through `operator`, the caller's own. So no operator sees the data of another.
    """

    world: World
    operation: Operation[Any]
    path: dict[str, str]
    query: dict[str, Any]
    body: Any
    """JSON, checked against the operation's type; bytes if the operation takes something else."""
    session: Session | None
    request: Request
    """The request itself, for its headers and its address."""
    token_ttl: float | None = None
    """Overrides the requested life of a token."""
    search_delay: float = 0.0
    """By how many seconds the search for SIMs is behind their changes."""

    @property
    def signed_in(self) -> Session:
        """The session of an operation that needs one."""
        assert self.session is not None, f"{self.operation} has no session"  # noqa: S101
        return self.session

    @property
    def user(self) -> User:
        """The user who calls."""
        return self.signed_in.user

    @property
    def operator(self) -> Operator:
        """The operator of the user; a call works on its data only."""
        return self.signed_in.user.operator

    def collection(self, kind: str) -> Collection:
        """Return the operator's records of a kind: `call.collection("event handler")`."""
        return self.operator.collection(kind)

    def page(
        self,
        collection: Collection,
        wanted: Callable[[Record], bool] | None = None,
        shown: Callable[[Record], Any] | None = None,
        *,
        most: int = 100,
    ) -> Page:
        """Return the page of a collection that the query's `limit` and `last_evaluated_key` mean."""
        return collection.page(self.limit(most=most), self.query.get("last_evaluated_key"), wanted, shown)

    def gave(self, key: str) -> bool:
        """Tell whether an earlier page of this listing ended with a key; its record may be gone by now."""
        return self._listing(key) in self.operator.given_keys

    def give(self, key: str) -> None:
        """Remember that a page of this listing ended with a key."""
        self.operator.give_key(self._listing(key))

    def _listing(self, key: str) -> str:
        return "/".join([self.operation.id, *self.path.values(), key])

    def offer(self, content: bytes, content_type: str = "application/octet-stream", life: float = URL_LIFE_S) -> str:
        """Put a file on the storage host, and return its URL, which needs no token and ends after `life` seconds."""
        return self.request.storage + self.world.storage.offer(content, content_type, self.world.wall(), life)

    @property
    def now(self) -> int:
        """The time in milliseconds."""
        return self.world.milliseconds()

    def required(self, name: str) -> Any:
        """Return a field of the body that the operation needs although the document does not say so.

        Raises Refusal (400) that names the field, if it is missing or empty.
        """
        value = self.body.get(name)
        if value in (None, "", [], {}):
            raise Refusal.invalid("{0} is missing", f"body.{name}")
        return value

    def group_in_body(self) -> str | None:
        """Return the group that the body names, which must be the operator's own; None if it names none."""
        group_id = self.body.get("groupId") or None
        if group_id is not None:
            self.operator.groups.get(group_id)
        return group_id

    def limit(self, default: int = 100, most: int = MOST) -> int:
        """Return how many items the page is to have."""
        limit = self.query.get("limit", default)
        if limit < 1:
            raise Refusal.invalid("{0} is less than {1}", "limit", 1)
        return int(min(limit, most))

    def tag_filter(self) -> Callable[[dict[str, str]], bool] | None:
        """Return a function that tells whether tags match the query; None if the query names no tag."""
        name, value = self.query.get("tag_name"), self.query.get("tag_value")
        mode = self.query.get("tag_value_match_mode", "exact")
        if mode not in ("exact", "prefix"):
            raise Refusal.invalid("{0} is not one of {1}", "tag_value_match_mode", ("exact", "prefix"))
        if name is None:
            return None
        if value is None:
            raise Refusal.invalid("{0} is missing", "tag_value")
        if mode == "prefix":
            return lambda tags: name in tags and tags[name].startswith(value)
        return lambda tags: tags.get(name) == value

    def sim_number(self) -> int:
        """Return the number of the SIM that the path names; refuse one that is not the operator's."""
        name = self.path.get("sim_id") or self.path.get("imsi") or self.path.get("msisdn") or ""
        number = number_of(name)
        if number is None or number not in self.operator.fleet:
            raise Refusal.no_sim(name)
        return number


Handler: TypeAlias = Callable[[Call], Any]
"""Returns the body (a value or a page), a whole response, or None for no content."""
