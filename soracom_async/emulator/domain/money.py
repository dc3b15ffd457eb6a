"""Prices: the currency that an operator pays in, and the tax on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from .prices import NANO

if TYPE_CHECKING:
    from ..state.accounts import Operator


@frozen(slots=True)
class Money:
    """A currency, with its tax rate and the rounding of its prices."""

    code: str
    digits: int
    """Digits after the decimal point; if 0, an amount is an integer."""
    per_yen: float
    tax_rate: float

    def round(self, amount: float) -> float:
        """Return an amount, rounded as it is charged."""
        return round(amount, self.digits or None)

    def of(self, yen: float) -> float:
        """Return a price in this currency; all prices are kept in yen."""
        return self.round(yen * self.per_yen)

    def of_nano(self, nano: int) -> float:
        """Return a charge in this currency; charges are counted in nano-yen."""
        return self.of((nano + NANO // 2) // NANO)

    def exactly(self, nano: int) -> str:
        """Return a charge in this currency, as text, with all its digits: its smallest unit is worth a yen."""
        places = self.digits + 9
        return f"{nano // 10**places}.{nano % 10**places:0{places}}"

    def tax(self, amount: float) -> float:
        """Return the tax on an amount."""
        return self.round(amount * self.tax_rate)

    def taxed(self, amount: float) -> float:
        """Return an amount and its tax together."""
        return self.round(amount + self.tax(amount))


YEN = Money("JPY", digits=0, per_yen=1, tax_rate=0.1)
DOLLAR = Money("USD", digits=2, per_yen=0.01, tax_rate=0.0)


def money_of(operator: Operator) -> Money:
    """Return the currency of an operator; its first coverage type decides."""
    return DOLLAR if operator.coverages[:1] == ["g"] else YEN
