"""Which members of a group are alive, judged by when each was last heard from."""

from __future__ import annotations

from floruntime.engine.state.tx import View
from floruntime.engine.stream.group.rows import MEMBERS, GroupRow, Member, MembersRow


def members_of(view: View, group: GroupRow) -> MembersRow:
    """The group's members, those that are gone but not yet swept among them."""
    return view.get(MEMBERS, MEMBERS.key(group.id)) or MembersRow()


def is_live(group: GroupRow, member: Member, now_ms: int) -> bool:
    """Whether the member was heard of lately enough."""
    return member.last_seen_ms + group.consumer_timeout_ms > now_ms


def live_members(view: View, group: GroupRow) -> tuple[str, ...]:
    """The names of the members that are not gone, the first to join first."""
    members = members_of(view, group).members
    return tuple(
        name for name in swept_members(view, group) if is_live(group, members[name], view.now_ms)
    )


def swept_members(view: View, group: GroupRow) -> tuple[str, ...]:
    """The names of the members as the last sweep left them, the first to join first.

    Who takes over from whom goes by these. The tick that sweeps somebody out returns what ran out
    with it first, so a successor sees those records before newer ones.
    """
    members = members_of(view, group).members
    return tuple(sorted(members, key=lambda name: members[name].joined))
