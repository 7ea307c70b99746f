"""What the API answers about rights and rules, as tables for people."""

import json
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table

from control_plane.api.schemas import (
    BindingView,
    BreakGlassDetail,
    BreakGlasses,
    FailureRules,
    FailureRuleTrial,
    GrantView,
    GroupValue,
    PersonDetail,
    PolicyValue,
    RoutingTrialAnswer,
)
from control_plane.cli.desk_tables import worth
from control_plane.cli.tables import moment, money, page, said, table


def people_table(items: Sequence[PersonDetail]) -> Table:
    """Return one row per person."""
    rows = table("login", "name", "employee", "reports to", "grants", "")
    for one in items:
        is_out = "" if one.is_active else "shut out"
        granted = ", ".join(map(_grant, one.grants))
        rows.add_row(one.login, one.name, one.employee_ref, one.reports_to, granted, is_out)
    return rows


def break_glass_table(found: BreakGlasses) -> Table:
    """Return one row per role that was taken in an emergency."""
    rows = table("id", "who", "role", "entity", "from (UTC)", "until (UTC)", "reason", "reviewed by")
    for one in found.items:
        verdict = "" if one.was_justified is None else f"{one.reviewer}: {_justified(is_so=one.was_justified)}"
        rows.add_row(
            one.id,
            one.login,
            one.role.value,
            one.legal_entity_id,
            moment(one.began_at),
            moment(one.ends_at),
            one.reason,
            verdict,
        )
    return rows


def break_glass_page(item: BreakGlassDetail) -> RenderableType:
    """Return one of them with everything that was done while it lasted."""
    deeds = table("at (UTC)", "act", "on", "reason")
    for one in item.deeds:
        deeds.add_row(moment(one.occurred_at), one.action, one.object_id, one.reason)
    return Group(page((name, value) for name, value in _break_glass_facts(item) if value), deeds)


def trial_table(answer: RoutingTrialAnswer) -> Table:
    """Return one row per team: what it got, and what it would have got."""
    rows = table("team", "got", "worth", "would have got", "worth", right=["got", "worth", "would have got"])
    for one in answer.teams:
        before, after = one.before, one.after
        rows.add_row(said(one.team), str(before.count), worth(before), str(after.count), worth(after))
    return rows


def failure_rules_page(found: FailureRules) -> RenderableType:
    """Return the rules, and the answers that wait for one."""
    rules = table("rule", "version", "connection", "answer", "pattern", "code", "by")
    for rule in found.rules:
        version = str(rule.version) if rule.is_active else f"{rule.version}, retired"
        by = f"{rule.maker}, {rule.checker}"
        rules.add_row(rule.name, version, rule.connection, rule.answer_code, rule.pattern, rule.code, by)
    heard = table("connection", "answer", "text", "times", "last (UTC)", "known by", right=["times"])
    for one in found.unknown_answers:
        heard.add_row(one.connection, one.answer_code, one.text, str(one.count), moment(one.last_at), one.rule)
    return Group(rules, heard)


def failure_trial_table(trial: FailureRuleTrial) -> Table:
    """Return one row per answer that was kept: what the rule would make of it."""
    rows = table("connection", "answer", "text", "times", "would be", right=["times"])
    for one in trial.items:
        values = ", ".join(f"{name} {value}" for name, value in one.values.items())
        known = f"{one.code} {values}".strip() if one.is_known else ""
        rows.add_row(one.connection, one.answer_code, one.text, str(one.count), known)
    return rows


def bindings_table(items: Sequence[BindingView]) -> Table:
    """Return one row per binding."""
    rows = table("list", "source", "key", "stands under", "entity", "version", "by")
    for one in items:
        source = (said(one.domain), one.source_system, one.source_key)
        rows.add_row(*source, one.erp_key, one.legal_entity_id, str(one.version), one.recorded_by)
    return rows


def value_page(item: GroupValue | PolicyValue) -> RenderableType:
    """Return a governed value with its version and hands."""
    by = "as it was shipped" if not item.version else f"by {item.maker}, approved by {item.checker}"
    head = page([(item.key, f"version {item.version}, {by}")])
    return Group(head, json.dumps(item.value, indent=2, ensure_ascii=False))


def _grant(one: GrantView) -> str:
    until = "" if one.valid_until is None else f" until {moment(one.valid_until)}"
    return f"{one.role} in {one.legal_entity_id}{'' if one.limit is None else f' up to {money(one.limit)}'}{until}"


def _justified(*, is_so: bool) -> str:
    return "justified" if is_so else "not justified"


def _break_glass_facts(item: BreakGlassDetail) -> Iterator[tuple[str, str]]:
    yield "break-glass", f"{item.id}, {item.role.value} in {item.legal_entity_id}"
    yield "taken", f"by {item.login}, {moment(item.began_at)} to {moment(item.ends_at)} UTC: {item.reason}"
    if item.was_justified is not None:
        yield "reviewed", f"by {item.reviewer}, {_justified(is_so=item.was_justified)}: {item.review_reason}"
    yield "you may", said(", ".join(item.acts))
