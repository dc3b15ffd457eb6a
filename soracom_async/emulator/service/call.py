"""One execution of an operation, as its handler sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import define

from ..protocol.errors import Refusal
from ..state.sims import number_of

if TYPE_CHECKING:
    from ..._core.operation import Operation
    from ..protocol.messages import Page, Request
    from ..state.collections import Collection, Record
    from ..state.world import Operator, Session, User, World

MOST = 1000
"""The most items of one page; the API's own listings are mostly kept to a hundred."""


@define(slots=True)
class Call:
    """One execution of an operation: what came in, who asks, and the state to work on.

    Whatever a handler does goes through `operator`, which is the asking one's own: so nobody sees another's data.
    """

    world: World
    operation: Operation[Any]
    path: dict[str, str]
    query: dict[str, Any]
    body: Any
    """JSON, checked against the operation's type; bytes where the operation takes something else."""
    session: Session | None
    request: Request
    """The request itself, for what is not among the above: its headers, its address."""
    token_ttl: float | None = None
    """Overrides the life of a token that is asked for."""

    @property
    def signed_in(self) -> Session:
        """The session of an operation that needs one."""
        assert self.session is not None, f"{self.operation} has no session"  # noqa: S101
        return self.session

    @property
    def user(self) -> User:
        """Who asks."""
        return self.signed_in.user

    @property
    def operator(self) -> Operator:
        """Whose data it is about."""
        return self.signed_in.user.operator

    def collection(self, kind: str) -> Collection:
        """Return the operator's things of a kind: `call.collection("event handler")`."""
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

    def offer(self, content: bytes, content_type: str = "application/octet-stream") -> str:
        """Put a file on the storage host, and return the URL that gives it to whoever has it, for a while."""
        return self.request.storage + self.world.storage.offer(content, content_type, self.world.wall())

    @property
    def now(self) -> int:
        """The time in milliseconds."""
        return self.world.milliseconds()

    def limit(self, default: int = 100, most: int = MOST) -> int:
        """Return how many items the page is to have."""
        limit = self.query.get("limit", default)
        if limit < 1:
            raise Refusal.invalid("limit is less than 1")
        return int(min(limit, most))

    def tag_filter(self) -> Callable[[dict[str, str]], bool] | None:
        """Return whether tags are as the query wants them; None where it wants nothing."""
        name, value = self.query.get("tag_name"), self.query.get("tag_value")
        mode = self.query.get("tag_value_match_mode", "exact")
        if mode not in ("exact", "prefix"):
            raise Refusal.invalid("tag_value_match_mode is neither exact nor prefix")
        if name is None:
            return None
        if value is None:
            raise Refusal.invalid("tag_name needs tag_value")
        if mode == "prefix":
            return lambda tags: name in tags and tags[name].startswith(value)
        return lambda tags: tags.get(name) == value

    def sim_number(self) -> int:
        """Return the number of the SIM that the path names, if it is the operator's."""
        name = self.path.get("sim_id") or self.path.get("imsi") or self.path.get("msisdn") or ""
        number = number_of(name)
        if number is None or number not in self.operator.fleet:
            raise Refusal.no_sim(name)
        return number


Handler: TypeAlias = Callable[[Call], Any]
"""Returns what becomes the body: a value, a page, a whole response, or None for no content."""
