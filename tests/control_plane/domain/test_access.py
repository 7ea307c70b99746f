import pytest

from control_plane.domain.access import EVERYWHERE, MAY, Act, Actor, Grant, Role, Scope, may, scope_of


def actor(*grants: Grant) -> Actor:
    return Actor(1, "kim", frozenset(grants))


def test_a_role_counts_only_in_the_entity_it_was_granted_for() -> None:
    kim = actor(Grant(Role.ANALYST, "1000"))
    assert may(kim, Act.CLAIM, "1000")
    assert not may(kim, Act.CLAIM, "2000")
    assert not may(kim, Act.CLAIM, "unresolved")


def test_a_grant_for_the_group_reaches_also_what_could_not_be_placed() -> None:
    kim = actor(Grant(Role.ANALYST))
    assert may(kim, Act.CLAIM, "1000")
    assert may(kim, Act.CLAIM, "unresolved")
    assert scope_of(kim, Act.CLAIM) == EVERYWHERE


def test_several_roles_of_one_person_add_up_each_in_its_place() -> None:
    kim = actor(Grant(Role.VIEWER), Grant(Role.APPROVER, "1000"))
    assert may(kim, Act.READ, "2000")
    assert may(kim, Act.APPROVE, "1000")
    assert not may(kim, Act.APPROVE, "2000")


def test_without_a_grant_nothing_is_in_reach() -> None:
    assert scope_of(actor(), Act.READ).is_empty
    assert not EVERYWHERE.is_empty
    assert not Scope(frozenset({"1000"})).is_empty


def test_every_role_is_in_the_table_and_every_act_is_somebodys() -> None:
    assert MAY.keys() == set(Role)
    assert frozenset().union(*MAY.values()) == set(Act)


def test_an_admin_manages_people_and_sees_no_data() -> None:
    assert MAY[Role.ADMIN] == {Act.MANAGE_PEOPLE}
    assert all(Act.MANAGE_PEOPLE not in acts for role, acts in MAY.items() if role is not Role.ADMIN)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR])
def test_who_only_looks_changes_nothing(role: Role) -> None:
    assert MAY[role] <= {Act.READ, Act.READ_AUDIT}


def test_nobody_who_works_on_a_document_also_approves_by_the_same_role() -> None:
    for role, acts in MAY.items():
        if Act.RETRY in acts or Act.CLAIM in acts:
            assert acts.isdisjoint({Act.APPROVE, Act.LIFT_HOLD, Act.DECLARE_DUPLICATE}), role
