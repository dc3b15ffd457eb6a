"""The operator's payment method, and its payments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...domain.dates import second_text
from ...domain.money import money_of
from ...protocol.errors import Refusal
from ...service.call import Call
from .. import handles
from ..common.exports import export, table
from ..common.payments import CARD, payment_method, payments

if TYPE_CHECKING:
    from ...state.collections import Record

PAYER = "payer information"


@handles("getPaymentMethod")
def get_method(call: Call) -> Any:
    """Return the payment method."""
    return payment_method(call)


@handles("activatePaymentMethod")
def activate_method(call: Call) -> Any:
    """Activate the payment method again; this always succeeds."""
    payment_method(call)["updateDate"] = second_text(call.now)
    return {}


@handles("registerPayerInformation")
def register_payer(call: Call) -> None:
    """Set the name on the statements."""
    call.operator.records[PAYER] = call.body


@handles("getPayerInformation")
def get_payer(call: Call) -> Any:
    """Return the name on the statements."""
    if PAYER not in call.operator.records:
        raise Refusal.invalid("the payer information is not registered")
    return call.operator.records[PAYER]


@handles("getPaymentTransaction")
def get_transaction(call: Call) -> Any:
    """Return the result of a payment."""
    identifier = call.path["payment_transaction_id"]
    payment = payments(call).get(identifier)
    if payment is None:
        raise Refusal.not_found("payment transaction", identifier)
    money = money_of(call.operator)
    net = money.round(payment["total"] - payment["tax"])
    return {
        "status": "success",
        "messageCode": "success",
        "message": "",
        "description": {"description": _purpose(payment), "itemList": payment["items"]},
        "amount": {
            "currency": money.code,
            "subTotalAmount": net,
            "taxableSubTotalAmount": net,
            "taxFreeSubTotalAmount": 0,
            "taxAmount": payment["tax"],
            "totalAmount": payment["total"],
            "withholdingTaxAmount": 0,
            "paymentAmount": payment["total"],
        },
    }


@handles("listPaymentStatements")
def list_statements(call: Call) -> Any:
    """Return the statements of all payments, newest first."""
    statements = [_statement(call, *each) for each in payments(call).items()]
    return {"paymentStatementsList": statements[::-1]}


@handles("exportPaymentStatement")
def export_statement(call: Call) -> Any:
    """Export a statement."""
    identifier = call.path["payment_statement_id"]
    payment = payments(call).get(identifier)
    if payment is None:
        raise Refusal.unknown("payment statement", identifier)
    payer = call.operator.records.get(PAYER, {})
    statement = _statement(call, identifier, payment)
    rows = [*payer.items(), *((name, value) for name, value in statement.items() if name != "chargedYearMonths")]
    return export(call, f"{identifier}.csv", table(("name", "value"), rows))


def _statement(call: Call, identifier: str, payment: Record) -> dict[str, Any]:
    about = {"orderId": payment["orderId"]} if "orderId" in payment else {"chargedYearMonths": payment["months"]}
    return about | {
        "paymentStatementId": identifier,
        "amount": payment["total"],
        "currency": money_of(call.operator).code,
        "paymentDateTime": payment["time"],
        "paymentMethod": "creditCard",
        "paymentInstrument": CARD,
        "paymentStatementInfo": _purpose(payment),
    }


def _purpose(payment: Record) -> str:
    return f"Order {payment['orderId']}" if "orderId" in payment else f"Usage of {', '.join(payment['months'])}"
