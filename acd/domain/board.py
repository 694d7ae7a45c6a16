"""Who waits and who is free, per queue and in order: derived from the state, kept up at each change, never scanned.

The engine calls `seat`/`unseat` for members and `place` for agents; `routing` asks who fits whom. Members who need
the same and agents who can do the same are kept together, so that what a change costs does not grow with how many wait.
"""

from bisect import bisect_left, insort
from collections import Counter
from typing import Any, NamedTuple, TypeVar

from acd.domain import capacity, skills
from acd.domain.inputs import QueueConfig, Rules, TierConfig
from acd.domain.model import Agent, Member
from acd.domain.strategies import Key, lot, strategy_named

FREE = "free"
GUEST = 0
"""The level of agents who are asked in a queue that is not theirs: only for whoever named them."""
_Name = TypeVar("_Name")
_Entry = TypeVar("_Entry", bound=tuple[Any, ...])
MemberKey = tuple[int, int, int, str]
Rank = tuple[int, ...]
"""Another round, minus the score, the strategy's key, the agent id: the lowest is asked."""


def standing(agent: Agent, rules: Rules) -> str:
    """Why the agent can't be offered a call now, in a word, or `free`."""
    if agent.state != "idle":
        return agent.status if agent.state in ("not-ready", "signed-out") else agent.state
    if not agent.registered:
        return "not-registered"
    if agent.page_gone_since_us is not None:
        return "page-gone"
    if agent.paused_until_us:
        return "paused"
    return FREE if capacity.call_fits(agent, rules) else "full"


def standing_for_conversations(agent: Agent, rules: Rules) -> str:
    """The same for conversations: they need no phone, and may go beside a call."""
    wanted = agent.next_status or agent.status
    if wanted != "ready" or agent.retired:
        return wanted if wanted != "ready" else "retired"
    if agent.page_gone_since_us is not None:
        return "page-gone"
    return capacity.conversation_fits(agent, rules) or FREE


class Need(NamedTuple):
    """What members have in common who can be asked for together."""

    skills: skills.SkillNeed
    reach: int  # how many levels are open to them
    wanted: int  # the only agent, 0 for any
    tried: tuple[int, ...]


class Kind(NamedTuple):
    """What agents have in common who can be asked for the same."""

    skills: tuple[tuple[str, int], ...]
    level: int


class QueueBoard:
    """One queue's order of members and of free agents, and how its agents stand. Ordered lists are plain and bisected:
    the heads are read far more often than anything moves, and moving ten thousand entries costs microseconds."""

    def __init__(self, config: QueueConfig) -> None:
        self.config = config
        self.is_written = config.channel != capacity.VOICE
        self.is_tiered = bool(config.tier_wait_seconds)
        self.strategy = strategy_named(config.strategy, config.channel)
        self.classes: dict[Need, list[MemberKey]] = {}  # who waits, in order, by what they need
        self.seats: dict[str, tuple[Need, MemberKey]] = {}  # the same by channel id
        self.free: dict[int, tuple[Kind, Key]] = {}
        self.groups: dict[Kind, list[Key]] = {}  # the free agents, by what they can do
        self.census: dict[str, set[int]] = {}  # its own agents, by how they stand
        self.tiers: dict[int, TierConfig] = {}
        self.levels: Counter[int] = Counter()  # agents who are signed in, by level
        self.asked_levels: tuple[int, ...] = ()  # `staffed_levels` when the last match was prepared
        self._covers: dict[skills.SkillNeed, dict[Kind, bool]] = {}

    def position(self, channel_id: str) -> int:
        """The place in the line of those who wait, from 1."""
        key = self.seats[channel_id][1]
        return 1 + sum(bisect_left(members, key) for members in self.classes.values())

    def standing(self, how: str) -> int:
        """How many of its own agents stand like this."""
        return len(self.census.get(how, ()))

    def excluded(self, need: Need) -> dict[str, int]:
        """How many of its agents can't be asked, by reason."""
        found = {reason: len(ids) for reason, ids in sorted(self.census.items()) if ids and reason != FREE}
        for kind, group in self.groups.items():
            if not self.suits(need, kind):
                why = self.unsuited(need, kind)
                found[why] = found.get(why, 0) + len(group)
        return found

    def named(self, need: Need) -> tuple[list[int], dict[str, list[int]]]:
        """Who of its agents may be asked, and who not, by reason; others than the wanted one are not told as free."""
        others = {reason: sorted(ids) for reason, ids in self.census.items() if ids and reason != FREE}
        if need.wanted:
            return [need.wanted] if need.wanted in self.free else [], dict(sorted(others.items()))
        may: list[int] = []
        for kind, group in self.groups.items():
            ids = [key[-1] for key in group]
            if self.suits(need, kind):
                may += ids
            else:
                why = self.unsuited(need, kind)
                others[why] = sorted([*others.get(why, ()), *ids])
        may.sort()
        return may, dict(sorted(others.items()))

    def unsuited(self, need: Need, kind: Kind) -> str:
        """Why agents of this kind may not be asked, in a word."""
        return "level" if self._is_skilled(need, kind) else "skills"

    def staffed_levels(self) -> tuple[int, ...]:
        """The levels where somebody is signed in."""
        return tuple(sorted(level for level, n in self.levels.items() if n))

    def suits(self, need: Need, kind: Kind) -> bool:
        """Whether agents of this kind may be asked for such members."""
        return self._is_open(need, kind) and self._is_skilled(need, kind)

    def _is_open(self, need: Need, kind: Kind) -> bool:
        """Whether the member has waited for that level; one where nobody is signed in costs no time."""
        if not self.is_tiered:
            return True
        return kind.level in self.staffed_levels()[: need.reach]

    def _is_skilled(self, need: Need, kind: Kind) -> bool:
        if not need.skills:
            return True
        covers = self._covers.setdefault(need.skills, {})
        known = covers.get(kind)
        if known is None:
            known = covers[kind] = skills.covers(dict(kind.skills), need.skills)
        return known

    # ---- who fits ------------------------------------------------------------------------------------

    def agent_for(self, member: Member) -> Rank | None:
        """The free agent to ask for this member; its id comes last."""
        need = self.seats[member.channel_id][0]
        if need.wanted:
            return self.rank_of(need.wanted, member) if need.wanted in self.free else None
        best: Rank | None = None
        for kind, group in self.groups.items():
            if not self.suits(need, kind):
                continue
            if self.strategy.by_lot:
                rank = min(self.rank_of(key[-1], member) for key in group)
            else:
                key = next((key for key in group if key[-1] not in need.tried), group[0])
                rank = self.rank_of(key[-1], member)
            if best is None or rank < best:
                best = rank
        return best

    def all_for(self, member: Member) -> list[Rank]:
        """All free agents whom this member may be offered to in this round, the first one first."""
        need = self.seats[member.channel_id][0]
        fit = [key for kind, group in self.groups.items() if self.suits(need, kind) for key in group]
        return sorted(self.rank_of(key[-1], member) for key in fit)

    def ranked(self, draw: str) -> list[int]:
        """The queue's own free agents, whom it would ask first in front; `draw` is what a lot is drawn for."""
        keys = [key for kind, group in self.groups.items() if kind.level != GUEST for key in group]
        if self.strategy.by_lot:
            keys.sort(key=lambda key: (key[0], lot(draw, 0, key[-1])))
        else:
            keys.sort()
        return [key[-1] for key in keys]

    def rank_of(self, agent_id: int, member: Member) -> Rank:
        """Where this free agent stands among those whom this member could be offered to."""
        need = self.seats[member.channel_id][0]
        kind, key = self.free[agent_id]
        again = int(agent_id in need.tried)
        if self.strategy.by_lot:
            return (again, 0, kind.level, lot(member.member_id, member.offers_made, agent_id), agent_id)
        score = skills.score(dict(kind.skills), need.skills) if self.strategy.by_skill else 0
        return (again, -score, *key)

    def member_for(
        self, agent_id: int, best: tuple[int, MemberKey] | None = None
    ) -> tuple[int, MemberKey] | None:
        """Whom this free agent should be offered: (another round, the member's place). None when nobody here fits
        who comes before `best`."""
        kind = self.free[agent_id][0]
        former = best
        is_guest = kind.level == GUEST
        for need, members in self.classes.items():
            found = (1 if agent_id in need.tried else 0, members[0])
            if best is not None and best < found:
                continue
            if need.wanted or is_guest:
                if need.wanted != agent_id:
                    continue
            elif (need.skills or self.is_tiered) and not self.suits(need, kind):
                continue
            best = found
        return best if best is not former else None

    def candidates(self, need: Need) -> int:
        """How many free agents could be asked."""
        if need.wanted:
            return int(need.wanted in self.free)
        return sum(len(group) for kind, group in self.groups.items() if self.suits(need, kind))

    # ---- keeping it up -------------------------------------------------------------------------------

    def seat(self, member: Member, need: Need) -> None:
        key = member.key
        self.seats[member.channel_id] = (need, key)
        together = self.classes.get(need)
        if together is None:
            self.classes[need] = [key]
        else:
            insort(together, key)

    def unseat(self, channel_id: str) -> None:
        """The member does not wait any more; nothing happens when it didn't."""
        seat = self.seats.pop(channel_id, None)
        if seat is not None:
            _take_out(self.classes, *seat)

    def change(self, agent: Agent, tier: TierConfig, kind: Kind, was: str, stands: str) -> None:
        """The agent stands like this from now on; `was` is empty when it has just come."""
        census, agent_id = self.census, agent.config.agent_id
        if was:
            census[was].discard(agent_id)
        there = census.get(stands)
        if there is None:
            census[stands] = {agent_id}
        else:
            there.add(agent_id)
        if (was in ("", "offline")) != (stands == "offline"):
            self.levels[tier.level] += 1 if stands != "offline" else -1
        if was == FREE:
            _take_out(self.groups, *self.free.pop(agent_id))
        if stands == FREE:
            key = (tier.level, *self.strategy.key(agent, tier), agent_id)
            self.free[agent_id] = (kind, key)
            together = self.groups.get(kind)
            if together is None:
                self.groups[kind] = [key]
            else:
                insort(together, key)

    def change_guest(self, agent: Agent, tier: TierConfig, kind: Kind, stands: str) -> None:
        """The same for one whose queue this is not: it is found by name, and counts nowhere."""
        if stands == FREE:
            self.free[agent.agent_id] = (
                kind,
                (GUEST, *self.strategy.key(agent, tier), agent.agent_id),
            )
        else:
            self.free.pop(agent.agent_id, None)

    def leave(self, agent_id: int, tier: TierConfig, stands: str) -> None:
        """The agent does not serve the queue any more."""
        if tier.level == GUEST:
            self.free.pop(agent_id, None)
            return
        self.census[stands].discard(agent_id)
        if stands != "offline":
            self.levels[tier.level] -= 1
        if stands == FREE:
            _take_out(self.groups, *self.free.pop(agent_id))


def _take_out(groups: dict[_Name, list[_Entry]], name: _Name, key: _Entry) -> None:
    together = groups[name]
    if len(together) == 1:
        del groups[name]
    else:
        del together[bisect_left(together, key)]


class Board:
    """All queues' boards, and where each agent stands on them."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.queues: dict[str, QueueBoard] = {}
        self.new_members: dict[str, None] = {}  # who waits since the last match; a dict keeps the order
        self.new_agents: dict[int, None] = {}  # who is free since the last match
        self.wanted: dict[int, dict[str, None]] = {}  # who waits for this very agent
        self.missed_agents: dict[int, None] = {}  # wanted ones whose standing changed
        self.deserted: dict[str, None] = {}  # queues whose last agent signed out
        self._standing: dict[int, tuple[str, str]] = {}
        self._writers: set[int] = set()  # agents with a queue of conversations
        self._tiers: dict[int, list[tuple[QueueBoard, TierConfig, Kind]]] = {}

    def seat(self, member: Member, need: Need) -> None:
        """The member waits from now on."""
        self.queues[member.queue].seat(member, need)
        self.new_members[member.channel_id] = None
        if need.wanted:
            self.wanted.setdefault(need.wanted, {})[member.channel_id] = None

    def unseat(self, member: Member) -> None:
        """The member does not wait any more; nothing happens when it didn't."""
        self.queues[member.queue].unseat(member.channel_id)
        self.new_members.pop(member.channel_id, None)
        wanting = self.wanted.get(member.wanted_agent)
        if wanting is not None:
            wanting.pop(member.channel_id, None)
            if not wanting:
                del self.wanted[member.wanted_agent]

    def place(self, agent: Agent) -> None:
        """The agent's state, status or anything else that a standing reads may have changed."""
        agent_id = agent.config.agent_id
        was, tiers = self._standing.get(agent_id), self._tiers.get(agent_id)
        if tiers is None:
            tiers = self._tiers_of(agent)
        writes = standing_for_conversations(agent, self.rules) if agent_id in self._writers else "calls-only"
        stands = standing(agent, self.rules), writes
        if stands == was and FREE not in stands:
            return  # the same reasons as before, and no key to keep up
        self._standing[agent_id] = stands
        self.new_agents.pop(agent_id, None)
        for board, tier, kind in tiers:
            stand = stands[board.is_written]
            before = was[board.is_written] if was else ""
            if before == stand != FREE:
                continue
            if tier.level == GUEST:
                board.change_guest(agent, tier, kind, stand)
                if stand == FREE:
                    self.new_agents[agent_id] = None
                continue
            board.change(agent, tier, kind, before, stand)
            if stand == "offline" and board.config.limits and not board.staffed_levels():
                self.deserted[tier.queue] = None
            if stand == FREE:
                self.new_agents[agent_id] = None
            if board.is_tiered:
                self._wake_levels(board)
        if agent_id in self.wanted:
            self.missed_agents[agent_id] = None

    def _tiers_of(self, agent: Agent) -> list[tuple[QueueBoard, TierConfig, Kind]]:
        """Read once: another configuration makes another board."""
        can = tuple(sorted(agent.config.skills.items()))
        found = []
        for tier in agent.config.tiers:
            board = self.queues.get(tier.queue)
            if board is not None:
                board.tiers[agent.agent_id] = tier
                found.append((board, tier, Kind(can, tier.level)))
                if board.is_written:
                    self._writers.add(agent.agent_id)
        self._tiers[agent.agent_id] = found
        return found

    def invite(self, agent: Agent, queue: str) -> None:
        """Somebody in this queue asks for an agent whose queue it is not."""
        board = self.queues[queue]
        if board.is_written or agent.agent_id in board.tiers:
            return
        tier = TierConfig(queue=queue, level=GUEST)
        board.tiers[agent.agent_id] = tier
        here = (board, tier, Kind((), GUEST))
        tiers = self._tiers.get(agent.agent_id)
        self._tiers[agent.agent_id] = [*(self._tiers_of(agent) if tiers is None else tiers), here]
        stands = self._standing.get(agent.agent_id)
        if stands:
            board.change_guest(agent, tier, here[2], stands[0])

    def queues_of(self, agent_id: int) -> list[tuple[QueueBoard, TierConfig, Kind]]:
        """The agent's queues."""
        return self._tiers.get(agent_id, [])

    def remove(self, agent_id: int) -> None:
        """Take the agent off every queue, for good."""
        self.new_agents.pop(agent_id, None)
        self._writers.discard(agent_id)
        stands = self._standing.pop(agent_id, None)
        for board, tier, _ in self._tiers.pop(agent_id, ()):
            board.tiers.pop(agent_id, None)
            if stands is not None:
                board.leave(agent_id, tier, stands[board.is_written])
                if tier.level == GUEST:
                    continue
                self._wake_levels(board)
                if board.config.limits and not board.staffed_levels():
                    self.deserted[tier.queue] = None
        if agent_id in self.wanted:
            self.missed_agents[agent_id] = None

    def _wake_levels(self, board: QueueBoard) -> None:
        """When the last of a level signs out, those behind it may be asked."""
        if board.is_tiered and board.staffed_levels() != board.asked_levels:
            board.asked_levels = board.staffed_levels()
            self.new_agents |= dict.fromkeys(board.free)
