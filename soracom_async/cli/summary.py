"""What came of a demo, as numbers, as a table and as complaints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..emulator.service.rate_limits import Window


@define(kw_only=True)
class Outcome:
    """The numbers of one demo."""

    sims: int
    """How many SIMs and subscribers there are."""
    changes: int
    """How many changes were asked for."""
    factor: float
    """How many times as fast the service's clock ran."""
    window: float
    """How long a window of the quota lasts, by that clock."""
    listed_sims: int = 0
    listed_subscribers: int = 0
    changed: int = 0
    errors: list[BaseException] = field(factory=list)
    """What the calls that failed raised."""
    requests: int = 0
    logins: int = 0
    throttled: int = 0
    """How many answers were 429."""
    windows: list[Window] = field(factory=list)
    """The quota windows that closed while calls waited."""
    seconds: float = 0.0
    """By the machine's clock."""

    @property
    def share(self) -> float | None:
        """Which share of the quota was used while calls waited; None if no window closed."""
        limit = sum(window.limit for window in self.windows)
        return sum(window.used for window in self.windows) / limit if limit else None

    @property
    def pace(self) -> float | None:
        """How much of the quota was used in time: what passes between two windows counts as lost."""
        if len(self.windows) < 2:
            return None
        whole = self.windows[:-1]
        elapsed = self.windows[-1].start - whole[0].start
        return sum(window.used / window.limit for window in whole) * self.window / elapsed

    def complaints(self) -> list[str]:
        """Return what is not as it should be, a sentence each."""
        wanted = (
            ("SIMs listed", self.listed_sims, self.sims),
            ("subscribers listed", self.listed_subscribers, self.sims),
            ("SIMs changed", self.changed, self.changes),
        )
        complaints = [f"{count:,} {what}, not {right:,}" for what, count, right in wanted if count != right]
        if self.errors:
            complaints.append(f"{len(self.errors):,} failed, the first with {self.errors[0]!r}")
        if self.throttled:
            complaints.append(f"{self.throttled:,} requests were more than the quota allows")
        return complaints


def summary(outcome: Outcome) -> Table:
    """Return the table that ends the demo."""
    table = Table(show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column()
    rows = (
        ("SIMs streamed", f"{outcome.listed_sims:,}", ""),
        ("subscribers streamed", f"{outcome.listed_subscribers:,}", ""),
        ("SIMs changed", f"{outcome.changed:,}", ""),
        ("failed calls", f"{len(outcome.errors):,}", ""),
        ("requests", f"{outcome.requests:,}", ""),
        ("logins", f"{outcome.logins:,}", "another whenever the token ran out"),
        ("429s", f"{outcome.throttled:,}", ""),
        ("quota used", *_quota(outcome)),
        *_pace(outcome),
        ("seconds", f"{outcome.seconds:.1f}", f"{outcome.seconds * outcome.factor:.0f} s by the service's clock"),
    )
    for row in rows:
        table.add_row(*row)
    return table


def _quota(outcome: Outcome) -> tuple[str, str]:
    if outcome.share is None:
        return "-", "no window closed while calls waited"
    count = len(outcome.windows)
    return f"{outcome.share:.1%}", f"of {count} window{'s' * (count > 1)} that closed while calls waited"


def _pace(outcome: Outcome) -> Iterator[tuple[str, str, str]]:
    if outcome.pace is not None:
        yield "pace", f"{outcome.pace:.1%}", "of the most that the quota allows"
