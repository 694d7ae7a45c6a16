"""`python -m acd why INTERACTION`: the story of one interaction in sentences, from the events.

Sentences are in `WORDS`, Chinese and English; the page that shows them (later) uses the same ones.
"""

from collections.abc import Iterable
from typing import Any

from uckefu.times import from_us, shown

WORDS: dict[str, dict[str, str]] = {
    "zh": {
        "MemberEntered": "{number} 进入队列 {queue}",
        "OfferMade": "振铃坐席 {agent_id}：规则 {rule}，{candidates} 位可选{excluded}",
        "excluded": "；不可选：{list}",
        "again": "（其他坐席都已尝试，再次轮到）",
        "OfferEnded": "坐席 {agent_id} 的振铃结束：{outcome}{cause}",
        "CallConnected": "与坐席 {agent_id} 通话",
        "CallEnded": "与坐席 {agent_id} 的通话结束，整理 {wrap_up_seconds} 秒",
        "WrapUpEnded": "坐席 {agent_id} 整理结束：{result}",
        "TalkNoted": "坐席 {agent_id} 填写小结 {disposition_id}",
        "MemberLeft": "离开队列 {queue}：{result}",
        "accepted": "接听", "declined": "拒接", "expired": "无应答", "withdrawn": "撤回", "failed": "未接通",
        "answered": "已接通", "abandoned": "客户放弃", "timeout": "超时", "transferred": "转接", "finished": "完成",
    },
    "en": {
        "MemberEntered": "{number} entered the queue {queue}",
        "OfferMade": "agent {agent_id} rings: rule {rule}, {candidates} could be asked{excluded}",
        "excluded": "; not asked: {list}",
        "again": " (all others were tried, so it is this agent's turn again)",
        "OfferEnded": "agent {agent_id} stops ringing: {outcome}{cause}",
        "CallConnected": "talks with agent {agent_id}",
        "CallEnded": "the talk with agent {agent_id} is over, {wrap_up_seconds} s of wrap-up",
        "WrapUpEnded": "agent {agent_id} ends wrap-up: {result}",
        "TalkNoted": "agent {agent_id} notes disposition {disposition_id}",
        "MemberLeft": "leaves the queue {queue}: {result}",
        "accepted": "answered", "declined": "declined", "expired": "no answer", "withdrawn": "withdrawn",
        "failed": "could not be reached", "answered": "answered", "abandoned": "the caller hung up",
        "timeout": "time is over", "transferred": "transferred", "finished": "finished",
    },
}  # fmt: skip


def story(events: Iterable[dict[str, Any]], interaction_id: str, language: str, zone: str) -> list[str]:
    """One line an event of this interaction, with the time in the centre's zone."""
    return [
        f"{shown(from_us(event['at_us']), zone):%Y-%m-%d %H:%M:%S.%f}"[:-3] + "  " + sentence(event, language)
        for event in events
        if event.get("interaction_id") == interaction_id and event["type"] in WORDS[language]
    ]


def sentence(event: dict[str, Any], language: str) -> str:
    """The event in a sentence."""
    words = WORDS[language]
    values = dict(event)
    for name in ("outcome", "result"):
        if name in values:
            values[name] = words.get(values[name], values[name])
    if "cause" in values:
        values["cause"] = f" ({values['cause']})" if values["cause"] else ""
    if event["type"] == "OfferMade":
        values |= _reason(event["reason"], words)
    return words[event["type"]].format_map(values)


def _reason(reason: dict[str, Any], words: dict[str, str]) -> dict[str, Any]:
    excluded = ", ".join(f"{why} {n}" for why, n in reason.get("excluded", {}).items())
    text = words["excluded"].format(list=excluded) if excluded else ""
    if reason.get("another_round"):
        text += words["again"]
    return {"rule": reason.get("rule", "?"), "candidates": reason.get("candidates", "?"), "excluded": text}
