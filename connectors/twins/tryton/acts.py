"""What an accountant does in Tryton's own screens, for tests and the demo."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any, Final

from connectors.twins.tryton.books import PROJECT_ROOT
from connectors.twins.tryton.process import ADMIN
from connectors.twins.tryton.rpc import Rpc, Values
from connectors.twins.tryton.server import TrytonServer

_BANK: Final = "113100"
_LINE_FIELDS: Final = ("account", "party", "debit", "credit", "second_currency", "amount_second_currency")


class Administrator:
    """The accountant at the keyboard; acts on every company of the group unless told which."""

    def __init__(self, rpc: Rpc) -> None:
        """Take the sign-in of a user who may do everything."""
        self._rpc = rpc
        companies = rpc.rows("company.company", ["party.code"])
        self._companies: dict[str, int] = {row["party."]["code"]: row["id"] for row in companies}
        rpc.within(list(self._companies.values()))

    def set_project_active(self, code: str, *, active: bool) -> None:
        """Reactivate or deactivate a project in every company."""
        ids = self._ids("analytic_account.account", [["code", "=", code], ["root.code", "=", PROJECT_ROOT]])
        self._rpc.call("model.analytic_account.account.write", ids, {"active": active})

    def close_period(self, company: str, name: str) -> None:
        """Close a month such as `2026-03`."""
        self._rpc.call("model.account.period.close", self._period(company, name))

    def reopen_period(self, company: str, name: str) -> None:
        """Open a closed month again."""
        self._rpc.call("model.account.period.reopen", self._period(company, name))

    def pay(self, company: str, number: str, on: date, account: str = "") -> str:
        """Pay what a posted move owes (on one account, or all), from the bank; return the payment's number.

        Raises:
            LookupError: the company has no such posted move, or it owes nothing.
        """
        owed = self._owed(company, number, account)
        payment = self._rpc.create("account.move", [self._payment(company, owed, on)])
        self._rpc.call("model.account.move.post", payment)
        settling = self._rpc.rows("account.move.line", ["account", "party"], [["move", "in", payment]])
        for line in owed:
            pairs = [other["id"] for other in settling if _is_same_debt(line, other)]
            self._wizard("account.move.reconcile_lines", "start", [line["id"], *pairs])
        paid: str = self._rpc.rows("account.move", ["number"], [["id", "in", payment]])[0]["number"]
        return paid

    def take_back_payment(self, company: str, number: str) -> None:
        """Undo the reconciliation of a paid move: it is owed again."""
        domain = [["move.number", "=", number], ["company", "=", self._companies[company]]]
        paid = self._ids("account.move.line", [*domain, ["reconciliation", "!=", None]])
        self._wizard("account.move.unreconcile_lines", "unreconcile", paid)

    def rows(self, model: str, fields: Sequence[str], domain: Sequence[Any] = ()) -> list[Values]:
        """Return records of any model, for a test that reads the books."""
        return self._rpc.rows(model, fields, domain)

    def call(self, method: str, *params: Any) -> Any:  # Tryton's own values
        """Call any other method."""
        return self._rpc.call(method, *params)

    def create(self, model: str, records: Sequence[Values]) -> list[int]:
        """Add records to any model and return their ids."""
        return self._rpc.create(model, records)

    def _owed(self, company: str, number: str, account: str) -> list[Values]:
        domain = [
            ["move.number", "=", number],
            ["company", "=", self._companies[company]],
            ["account.type.payable", "=", True],
            ["reconciliation", "=", None],
            *([["account.code", "=", account]] if account else []),
        ]
        owed = self._rpc.rows("account.move.line", _LINE_FIELDS, domain)
        if not owed:
            raise LookupError(f"{company} has no posted move {number} that owes anything")
        return owed

    def _payment(self, company: str, owed: Sequence[Values], on: date) -> Values:
        settling = [_settling(line) for line in owed]
        bank = self._ids("account.account", [["code", "=", _BANK], ["company", "=", self._companies[company]]])
        return {
            "company": self._companies[company],
            "journal": self._ids("account.journal", [["code", "=", "CASH"]])[0],
            "period": self._period(company, f"{on:%Y-%m}")[0],
            "date": on,
            "description": "Payment run",
            "lines": [
                ["create", [*settling, *({**_settling(line), "account": bank[0], "party": None} for line in settling)]]
            ],
        }

    def _period(self, company: str, name: str) -> list[int]:
        return self._ids("account.period", [["name", "=", name], ["company", "=", self._companies[company]]])

    def _ids(self, model: str, domain: Sequence[Any]) -> list[int]:
        return [row["id"] for row in self._rpc.rows(model, ["id"], domain)]

    def _wizard(self, name: str, state: str, ids: Sequence[int]) -> None:
        context = {"active_model": "account.move.line", "active_id": ids[0], "active_ids": list(ids)}
        session, *_ = self._rpc.call(f"wizard.{name}.create", **context)
        self._rpc.call(f"wizard.{name}.execute", session, {}, state, **context)
        self._rpc.call(f"wizard.{name}.delete", session, **context)


@contextmanager
def administrator(server: TrytonServer) -> Iterator[Administrator]:
    """Sign in as the administrator of a running Tryton."""
    with Rpc(server.url, ADMIN, server.admin_password) as rpc:
        yield Administrator(rpc)


def _settling(line: Values) -> Values:
    second = line["amount_second_currency"]
    return {
        "account": line["account"],
        "party": line["party"],
        "debit": line["credit"],
        "credit": line["debit"],
        "second_currency": line["second_currency"],
        "amount_second_currency": None if second is None else -Decimal(second),
    }


def _is_same_debt(line: Values, other: Values) -> bool:
    return bool(line["account"] == other["account"] and line["party"] == other["party"])
