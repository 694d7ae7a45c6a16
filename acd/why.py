"""`python -m acd why INTERACTION`: the story of one interaction in sentences, from the events.

Sentences are in `WORDS`, Chinese and English. The details of a call and of a conversation show the same story
(`admin/calls/why.py`), with names for the agents and numbers masked as the page does.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from uckefu.times import from_us, shown

WORDS: dict[str, dict[str, str]] = {
    "zh": {
        "MemberEntered": "{number} 进入队列 {queue}",
        "OfferMade": "振铃坐席 {agent_id}：规则 {rule}{candidates}{excluded}",
        "candidates": "，{n} 位可选", "names": "（{list}）", "list": "、",
        "idle_since_us": "（空闲 {n} 秒）", "calls_today": "（今日接听 {n} 次）", "talked_today_us": "（今日通话 {n} 秒）",
        "position": "（顺位 {n}）", "conversations": "（当前会话 {n} 个）",
        "score": "，技能得分 {score}", "needs": "；要求 {list}", "at-level": "，级别 {level}",
        "from_agent_id": "，来自坐席 {from_agent_id}", "note": "，备注：{note}",
        "excluded": "；不可选：{list}",
        "again": "（其他坐席都已尝试，再次轮到）",
        "OfferEnded": "坐席 {agent_id} 的振铃结束：{outcome}{cause}",
        "CallConnected": "与坐席 {agent_id} 通话",
        "ConversationAssigned": "会话分配给坐席 {agent_id}：规则 {rule}{candidates}{excluded}",
        "ConversationEnded": "坐席 {agent_id} 的会话结束（{by}），整理 {wrap_up_seconds} 秒",
        "CallEnded": "与坐席 {agent_id} 的通话结束，整理 {wrap_up_seconds} 秒",
        "WrapUpEnded": "坐席 {agent_id} 整理结束：{result}",
        "TalkNoted": "坐席 {agent_id} 填写小结 {disposition_id}",
        "GroupPaged": "{number} 向群组 {queue} 广播，{agents} 部话机应答收听",
        "ConsultStarted": "坐席 {agent_id} 咨询 {number}", "ConsultChanged": "坐席 {agent_id} 的咨询：{mode}",
        "ConsultEnded": "坐席 {agent_id} 对 {number} 的咨询结束：{result}{cause}",
        "CallSupervised": "{by} 对坐席 {agent_id} 的通话：{mode}",
        "CallHeld": "坐席 {agent_id} 保持通话", "CallResumed": "坐席 {agent_id} 恢复通话",
        "CallDialed": "坐席 {agent_id} 呼叫 {number}，队列 {queue}，显示号码 {caller_number}",
        "CallNotReached": "坐席 {agent_id} 的呼叫未接通：{why}{cause}",
        "private": "与第三方单独通话", "customer": "客户", "together": "三方通话", "completed": "已交给第三方", "ended": "结束",
        "not-reached": "未接通", "cancelled": "取消", "listen": "监听", "whisper": "耳语", "barge": "强插", "take-over": "接管",
        "stop": "停止", "phone": "坐席话机无应答",
        "MemberOverflowed": "队列 {queue} 溢出（{limit}），转到 {to} {target}",
        "length": "排队人数已满", "time": "等待超时", "nobody": "无坐席签入", "key": "按键选择",
        "queue": "队列", "flow": "流程", "voicemail": "语音信箱", "message": "提示", "callback": "回拨", "fallback": "后备",
        "PlaceKept": "重拨来电：交换机中断前的来电 {former_member_id} 在队列 {queue} 中的位置仍保留",
        "CallbackRequested": "客户要求回拨 {number}，保留队列 {queue} 中的位置",
        "CallbackTried": "第 {attempt} 次回拨 {number} 未接通{cause}",
        "CallbackCancelled": "回拨取消（{by}）",
        "caller": "客户再次来电", "supervisor": "班长",
        "MemberLeft": "离开队列 {queue}：{result}",
        "accepted": "接听", "declined": "拒接", "expired": "无应答", "withdrawn": "撤回", "failed": "未接通",
        "answered": "已接通", "abandoned": "客户放弃", "timeout": "超时", "transferred": "转接", "finished": "完成",
        "agent": "坐席", "visitor": "访客", "system": "系统，回到队列", "transfer": "转接",
        "break": "小休", "meal": "用餐", "meeting": "会议", "training": "培训", "after-work": "事后处理", "no-answer": "无应答", "offline": "未签入",
        "offered": "振铃中", "dialling": "外呼中", "talking": "通话中", "wrap-up": "整理中", "busy": "话机占用", "paused": "暂停",
        "not-registered": "话机未注册", "page-gone": "页面已关闭", "retired": "已停用",
        "full": "会话已满", "in-call": "通话中", "skills": "技能不符", "level": "级别未开放",
        "rule:longest-idle": "空闲最久优先", "rule:round-robin": "轮流分配", "rule:fewest-calls": "接听最少优先",
        "rule:least-talk-time": "通话时长最短优先", "rule:ring-all": "全部振铃", "rule:top-down": "按顺序分配",
        "rule:random": "随机分配", "rule:skill-score": "技能得分优先", "rule:tiers": "级别与顺位优先",
        "rule:fewest-conversations": "空闲坐席优先", "rule:rotation": "坐席平均分配",
        "rule:historic-agent": "历史坐席优先", "rule:named-agent": "指定坐席", "rule:taken": "手动接入", "rule:transferred": "转接",
    },
    "en": {
        "MemberEntered": "{number} entered the queue {queue}",
        "OfferMade": "agent {agent_id} rings: rule {rule}{candidates}{excluded}",
        "candidates": ", {n} could be asked", "names": " ({list})", "list": ", ",
        "idle_since_us": " (idle for {n} s)", "calls_today": " ({n} calls today)",
        "talked_today_us": " (talked for {n} s today)", "position": " (position {n})", "conversations": " (has {n} conversations)",
        "score": ", skill score {score}", "needs": "; needed: {list}", "at-level": ", level {level}",
        "from_agent_id": ", from agent {from_agent_id}", "note": ", note: {note}",
        "excluded": "; not asked: {list}",
        "again": " (all others were tried, so it is this agent's turn again)",
        "OfferEnded": "agent {agent_id} stops ringing: {outcome}{cause}",
        "CallConnected": "talks with agent {agent_id}",
        "ConversationAssigned": "agent {agent_id} has the conversation: rule {rule}{candidates}{excluded}",
        "ConversationEnded": "the conversation with agent {agent_id} is over ({by}), {wrap_up_seconds} s of wrap-up",
        "CallEnded": "the talk with agent {agent_id} is over, {wrap_up_seconds} s of wrap-up",
        "WrapUpEnded": "agent {agent_id} ends wrap-up: {result}",
        "TalkNoted": "agent {agent_id} notes disposition {disposition_id}",
        "GroupPaged": "{number} speaks to the group {queue}: {agents} phones",
        "ConsultStarted": "agent {agent_id} asks {number} for help", "ConsultChanged": "agent {agent_id}'s third party: {mode}",
        "ConsultEnded": "agent {agent_id}'s talk with {number} is over: {result}{cause}",
        "CallSupervised": "{by} is at the call of agent {agent_id}: {mode}",
        "CallHeld": "agent {agent_id} holds the call", "CallResumed": "agent {agent_id} takes the call off hold",
        "CallDialed": "agent {agent_id} calls {number}, queue {queue}, showing {caller_number}",
        "CallNotReached": "agent {agent_id}'s call did not come about: {why}{cause}",
        "private": "alone with the third party", "customer": "the customer", "together": "all three", "completed": "handed over",
        "ended": "ended", "not-reached": "not reached", "cancelled": "cancelled", "listen": "listening", "whisper": "whispering",
        "barge": "speaking with both", "take-over": "taking over", "stop": "no longer", "phone": "the agent's own phone",
        "MemberOverflowed": "the queue {queue} sends the caller on ({limit}): {to} {target}",
        "length": "too many wait", "time": "waited too long", "nobody": "nobody is signed in", "key": "the caller pressed a key",
        "queue": "queue", "flow": "flow", "voicemail": "voicemail", "message": "message", "callback": "callback",
        "fallback": "fallback",
        "PlaceKept": "calls again and has the place in the queue {queue} that its call {former_member_id} had before the switch lost it",
        "CallbackRequested": "wants to be called back at {number} and keeps the place in the queue {queue}",
        "CallbackTried": "attempt {attempt} to call back {number} was in vain{cause}",
        "CallbackCancelled": "the callback is cancelled ({by})",
        "caller": "the customer calls again", "supervisor": "by a supervisor",
        "MemberLeft": "leaves the queue {queue}: {result}",
        "accepted": "answered", "declined": "declined", "expired": "no answer", "withdrawn": "withdrawn",
        "failed": "could not be reached", "answered": "answered", "abandoned": "the caller hung up",
        "timeout": "time is over", "transferred": "transferred", "finished": "finished",
        "agent": "by the agent", "visitor": "by the visitor", "system": "by the system, it goes back to its queue",
        "transfer": "handed over",
        "break": "on a break", "meal": "at a meal", "meeting": "in a meeting", "training": "in training", "after-work": "at after-work", "no-answer": "no answer",
        "offline": "signed out", "offered": "already ringing", "dialling": "calling out", "talking": "talking", "wrap-up": "in wrap-up",
        "busy": "phone busy", "paused": "paused", "not-registered": "phone not registered", "page-gone": "page closed", "retired": "retired",
        "full": "full", "in-call": "in a call", "skills": "lack of skills", "level": "level not open yet",
        "rule:longest-idle": "longest-idle", "rule:round-robin": "round-robin", "rule:fewest-calls": "fewest-calls",
        "rule:least-talk-time": "least-talk-time", "rule:ring-all": "ring-all", "rule:top-down": "top-down",
        "rule:random": "random", "rule:skill-score": "skill-score", "rule:tiers": "tiers",
        "rule:fewest-conversations": "fewest-conversations", "rule:rotation": "rotation",
        "rule:historic-agent": "the contact's former agent", "rule:named-agent": "the agent asked for", "rule:taken": "taken by hand",
        "rule:transferred": "transferred",
    },
}  # fmt: skip


def as_it_is(number: str) -> str:
    """A number, not masked."""
    return number


def story(
    events: Iterable[dict[str, Any]],
    interaction_id: str,
    language: str,
    zone: str,
    agents: Mapping[int, str] | None = None,
    number: Callable[[str], str] = as_it_is,
) -> list[str]:
    """One line an event of this interaction, with the time in the centre's zone.

    Args:
        agents: their names, by id; who is not in it is told by the id.
        number: what is shown of a customer's number.
    """
    known, offers, lines = agents or {}, set[str](), list[str]()
    for event in events:
        mine = event.get("interaction_id") == interaction_id or event.get("offer_id") in offers
        if not mine or event["type"] not in WORDS[language]:
            continue
        offers.add(event.get("offer_id", "-"))
        at = f"{shown(from_us(event['at_us']), zone):%Y-%m-%d %H:%M:%S.%f}"[:-3]
        lines.append(f"{at}  {sentence(event, language, known, number)}")
    return lines


def sentence(
    event: dict[str, Any],
    language: str,
    agents: Mapping[int, str] | None = None,
    number: Callable[[str], str] = as_it_is,
) -> str:
    """The event in a sentence."""
    words, agents = WORDS[language], agents or {}
    values = dict(event)
    for name in ("outcome", "result", "by", "limit", "to", "mode", "why"):
        if name in values:
            code = str(values[name]).partition(":")[0]
            values[name] = words.get(code, code)
    if "cause" in values:
        values["cause"] = f" ({values['cause']})" if values["cause"] else ""
    if "number" in values:
        values["number"] = number(values["number"]) or values.get("name") or values.get("channel", "?")
    if "agent_id" in values:
        values["agent_id"] = agents.get(values["agent_id"], values["agent_id"])
    if "reason" in event:
        values |= _reason(event["reason"], int(event.get("at_us", 0)), words, agents)
    kind = "CallResumed" if event["type"] == "CallHeld" and not event["on"] else event["type"]
    return words[kind].format_map(values)


def _reason(
    reason: dict[str, Any], at_us: int, words: dict[str, str], agents: Mapping[int, str]
) -> dict[str, Any]:
    rule = str(reason.get("rule", "?"))
    may = _names(reason.get("eligible", ()), words, agents)
    told = words["candidates"].format(n=reason["candidates"]) + may if "candidates" in reason else ""
    for name, word in (
        ("score", "score"),
        ("level", "at-level"),
        ("from_agent_id", "from_agent_id"),
        ("note", "note"),
    ):
        if reason.get(name):
            who = agents.get(reason[name], reason[name]) if name == "from_agent_id" else reason[name]
            told += words[word].format_map({name: who})
    if reason.get("skills"):
        needed = ", ".join(f"{name} ≥ {level}" for name, level in reason["skills"].items())
        told += words["needs"].format(list=needed)
    who_not = reason.get("not_asked", {})
    excluded = words["list"].join(
        f"{words.get(why, why)} {n}{_names(who_not.get(why, ()), words, agents)}"
        for why, n in reason.get("excluded", {}).items()
    )
    text = words["excluded"].format(list=excluded) if excluded else ""
    if reason.get("another_round"):
        text += words["again"]
    rule = words.get(f"rule:{rule}", rule) + _figure(reason, at_us, words)
    return {"rule": rule, "candidates": told, "excluded": text}


def _names(ids: Iterable[int], words: dict[str, str], agents: Mapping[int, str]) -> str:
    found = words["list"].join(str(agents.get(agent_id, agent_id)) for agent_id in ids)
    return words["names"].format(list=found) if found else ""


def _figure(reason: dict[str, Any], at_us: int, words: dict[str, str]) -> str:
    """What decided among those who could be asked, as far as it says something to people."""
    for name, per in (
        ("idle_since_us", 1_000_000),
        ("calls_today", 1),
        ("talked_today_us", 1_000_000),
        ("position", 1),
        ("conversations", 1),
    ):
        if name in reason:
            figure = at_us - reason[name] if name == "idle_since_us" else reason[name]
            return words[name].format(n=figure // per)
    return ""
