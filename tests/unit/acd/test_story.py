"""What people get to read and what goes to the switch as text: the story, the log, dial strings."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from acd.__main__ import main
from acd.adapters.dial import UnsafeText, bridge_argument
from acd.adapters.esl_server import arrival
from acd.adapters.legs import extension_of_event, extension_of_row
from acd.adapters.switchboard import api_lines
from acd.domain.effects import HangUpCaller, LetGo, OfferCall, TransferCaller
from acd.domain.engine import Engine
from acd.domain.inputs import LegHeld, QueueConfig, encode_input
from acd.domain.state import State
from acd.domain.states import AGENT_STATES
from acd.domain.view import build
from acd.messages import CHOSEN_STATUSES, EVENT_TYPES, encode_event
from acd.replay import BadLog, replay
from acd.service.presence import PresenceWatch
from acd.service.record import digest
from acd.why import WORDS, sentence, story
from esl import Event
from tests.unit.acd.acd_world import SECOND, Centre


def a_day() -> Centre:
    centre = Centre(agents=2)
    centre.ready(1, 2)
    centre.arrives(channel="i1", number="13800138000")
    centre.phone_fails(1, "NO_ANSWER")
    centre.answers(2)
    centre.agent_hangs_up(2)
    centre.wait(30)
    return centre


# ---- why -----------------------------------------------------------------------------------------------


def test_the_story_of_a_call_is_told_in_sentences() -> None:
    events = [json.loads(encode_event(event)) for event in a_day().events]
    told = "\n".join(story(events, "i1", "en", "UTC"))
    assert "13800138000 entered the queue service" in told
    assert "agent 1 rings: rule longest-idle (idle for 2 s), 2 could be asked (1, 2)" in told
    assert "agent 1 stops ringing: no answer (NO_ANSWER)" in told
    assert (
        "agent 2 rings: rule longest-idle (idle for 1 s), 1 could be asked (2); not asked: no answer 1 (1)"
        in told
    )
    assert "the talk with agent 2 is over, 30 s of wrap-up" in told
    assert story(events, "somebody else", "en", "UTC") == []


def test_the_story_names_who_could_be_asked_and_who_not_and_why_and_what_decided() -> None:
    queue = QueueConfig(name="service", strategy="fewest-calls", skills="english >= 2")
    skills = {1: {"english": 3}, 2: {"english": 2}, 3: {"english": 1}, 4: {"english": 3}, 5: {"english": 3}}
    centre = Centre(agents=5, queues=(queue,), skills=skills)
    centre.ready(1, 2, 3, 4)
    centre.command("SetStatus", 4, status="meal")
    centre.arrives(channel="i1")
    names = {1: "张三", 2: "李四", 3: "王五", 4: "赵六", 5: "孙七"}
    events = [json.loads(encode_event(event)) for event in centre.events]
    told = story(events, "i1", "zh", "UTC", names)[-1]
    assert told.endswith(
        "振铃坐席 张三：规则 接听最少优先（今日接听 0 次），2 位可选（张三、李四）；要求 english ≥ 2；不可选："
        "用餐 1（赵六）、未签入 1（孙七）、技能不符 1（王五）"
    )


def test_in_a_great_queue_the_story_has_figures_and_no_names() -> None:
    centre = Centre(agents=21)
    centre.ready(1, 2)
    centre.arrives(channel="i1")
    told = story([json.loads(encode_event(event)) for event in centre.events], "i1", "en", "UTC")[-1]
    assert told.endswith("2 could be asked; not asked: signed out 19")


def test_whatever_keeps_an_agent_from_being_asked_has_a_word() -> None:
    reasons = {*CHOSEN_STATUSES, "no-answer", *AGENT_STATES} - {"ready", "idle", "not-ready", "signed-out"}
    reasons |= {"not-registered", "page-gone", "paused", "full", "retired", "in-call", "level", "skills"}
    assert reasons <= set(WORDS["zh"])


def test_both_languages_know_the_same_words() -> None:
    assert set(WORDS["zh"]) == set(WORDS["en"])


def test_whatever_happens_to_an_interaction_has_a_sentence_in_both_languages() -> None:
    of_calls = {name for name, kind in EVENT_TYPES.items() if {"interaction_id", "offer_id"} & _names(kind)}
    assert of_calls <= set(WORDS["zh"])
    for name in sorted(of_calls):
        event = {"type": name, "on": False} | dict.fromkeys(_names(EVENT_TYPES[name]), 1)
        event |= {"number": "4001", "cause": "", "reason": {}, "type": name}
        for language in ("zh", "en"):
            assert sentence(event, language), name


def _names(kind: type[Any]) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


def test_the_story_has_agents_names_and_numbers_as_they_may_be_seen() -> None:
    events = [json.loads(encode_event(event)) for event in a_day().events]
    told = "\n".join(story(events, "i1", "zh", "UTC", {1: "张三"}, lambda number: f"{number[:3]}****"))
    assert "138**** 进入队列 service" in told
    assert "坐席 张三 的振铃结束：无应答" in told
    assert "13800138000" not in told


def test_holding_belongs_to_the_story_though_its_event_names_only_the_offer() -> None:
    centre = a_day()
    caller = centre.arrives(channel="i2")
    centre.answers(2 if centre.offered_to(caller) == 2 else 1)
    who = next(agent for agent in (1, 2) if centre.agent(agent).talk)
    for on in (True, False):
        centre.do(LegHeld, leg_id=centre.leg(who), on=on)
    events = [json.loads(encode_event(event)) for event in centre.events]
    told = [line.partition("  ")[2] for line in story(events, "i2", "en", "UTC")]
    assert told[-2:] == [f"agent {who} holds the call", f"agent {who} takes the call off hold"]


# ---- log and replay ------------------------------------------------------------------------------------


def lines_of(centre: Centre) -> list[str]:
    engine, lines = Engine(), [json.dumps({"start": {"number": 0, "state": None}})]
    for number, event in enumerate(centre.log, 1):
        out = digest(engine.apply(event))
        lines.append(json.dumps({"number": number, "out": out, "input": json.loads(encode_input(event))}))
    return lines


def test_a_log_replays_and_a_changed_one_is_found_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = lines_of(a_day())
    log = tmp_path / "log"
    log.write_text("\n".join(lines), encoding="utf-8")
    assert main(["replay", str(log)]) == 0
    assert json.loads(capsys.readouterr().out)["different_at"] is None
    log.write_text("\n".join(lines).replace("NO_ANSWER", "USER_BUSY"), encoding="utf-8")
    assert main(["replay", str(log)]) == 1
    assert json.loads(capsys.readouterr().out)["different_at"] is not None


@pytest.mark.parametrize(
    "text", ["", "no json", '{"number": 1}', '{"start": {"number": 0, "state": null}}\n[]']
)
def test_a_file_that_is_no_log_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(BadLog, match="line"):
        replay(text.splitlines())


def test_a_missing_file_is_an_error_and_not_a_trace(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "/no/such/file"]) == 2
    assert "No such file" in capsys.readouterr().err


def test_the_tables_can_be_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["states"]) == 0
    assert '"agent idle" -> "agent offered" [label="offer made"]' in capsys.readouterr().out


# ---- texts for the switch ------------------------------------------------------------------------------


def an_offer(**values: Any) -> OfferCall:
    plain = {
        "switch": "s", "channel_id": "c1", "interaction_id": "i1", "offer_id": "i1:1:1", "leg_id": "l1", "agent_id": 7,
        "extension": "1001", "timeout_seconds": 23, "music": "local_stream://moh",
    }  # fmt: skip
    return OfferCall(**{**plain, **values})


def test_a_dial_string_has_what_the_contract_says() -> None:
    assert bridge_argument(an_offer(), "uckefu.local") == (
        "{origination_uuid=l1,leg_timeout=23,ignore_early_media=true,interaction_id=i1,uckefu_role=agent,"
        "uckefu_agent_id=7,uckefu_offer_id=i1:1:1,api_reporting_hook='python fs_scripts.cdr'}user/1001@uckefu.local"
    )


@pytest.mark.parametrize(
    "text", ["10,01", "1001}", "{a=b}1", "1001\n", "1 2", "'", "", "1001@evil", "user/1"]
)
def test_nothing_but_plain_text_goes_into_a_dial_string(text: str) -> None:
    with pytest.raises(UnsafeText):
        bridge_argument(an_offer(extension=text), "uckefu.local")
    with pytest.raises(UnsafeText):
        bridge_argument(an_offer(interaction_id=text + ","), "uckefu.local")


def test_what_a_caller_says_of_itself_is_cut_and_cleaned_and_makes_no_id() -> None:
    data = Event({
        "Unique-ID": "c1", "Caller-Caller-ID-Number": "1" * 500, "Caller-Caller-ID-Name": "O'Brien\r\nUnique-ID: x",
        "variable_interaction_id": "a,b}{c", "variable_uckefu_priority": "-3", "variable_uckefu_queue": "service",
    })  # fmt: skip
    made = arrival(data, "switch1", 5)
    assert (made.interaction_id, made.priority, made.queue, len(made.number)) == ("c1", 0, "service", 128)
    assert "\n" not in made.name


def test_who_hung_up_is_said_before_the_call_is_ended() -> None:
    assert api_lines(HangUpCaller("s", "c1", "agent")) == [
        "uuid_setvar c1 uckefu_hangup_by agent",
        "uuid_kill c1 NORMAL_CLEARING",
    ]


def test_the_dialplan_is_told_why_a_caller_was_let_go() -> None:
    assert "uuid_setvar c1 uckefu_queue_result timeout" in api_lines(LetGo("s", "c1", "timeout"))


def test_a_queue_name_with_a_line_end_goes_nowhere() -> None:
    with pytest.raises(UnsafeText):
        api_lines(TransferCaller("s", "c1", "queue", "a\nb"))


def test_whose_phone_a_leg_is() -> None:
    outbound = {
        "Channel-Name": "sofia/internal/x7f3@10.0.0.1",
        "Call-Direction": "outbound",
        "variable_dialed_user": "1001",
    }
    inbound = {"Channel-Name": "sofia/internal/1002@uckefu.local", "Call-Direction": "inbound"}
    trunk = {"Channel-Name": "sofia/external/1001@gateway", "Call-Direction": "inbound"}
    assert [extension_of_event(Event(headers)) for headers in (outbound, inbound, trunk)] == [
        "1001",
        "1002",
        "",
    ]
    assert extension_of_row({"name": "sofia/internal/x@h", "presence_id": "1001@d"}) == "1001"
    assert extension_of_row({"name": "sofia/internal/1003@h", "presence_id": ""}) == "1003"


# ---- pages ---------------------------------------------------------------------------------------------


def test_only_news_of_a_page_goes_into_the_log() -> None:
    watch = PresenceWatch([], 0)
    assert [watch.heard((1, "w"), True, n) for n in (0, 10, 20)] == [True, False, False]
    assert watch.heard((1, "w"), False, 30)
    assert not watch.heard((1, "w"), False, 31)


def test_a_silent_page_is_gone_only_while_others_are_heard() -> None:
    watch = PresenceWatch([(1, "a"), (2, "b")], 0)
    assert watch.silent() == []  # the web process may be down
    watch.heard((2, "b"), True, 26 * SECOND)
    assert watch.silent() == [(1, "a")]
    assert watch.silent() == []
    assert watch.heard((1, "a"), True, 27 * SECOND)


# ---- what an earlier version wrote ---------------------------------------------------------------------


def without(data: Any, *names: str) -> Any:
    """JSON without these fields, at any depth."""
    if isinstance(data, dict):
        return {key: without(value, *names) for key, value in data.items() if key not in names}
    return [without(each, *names) for each in data] if isinstance(data, list) else data


NEW_FIELDS = (
    "skills", "tier_wait_seconds", "ageing_seconds", "historic_wait_seconds", "limits", "callback", "announcements",
    "max_conversations", "conversations_beside_call", "call_stops_conversations", "return_conversations_seconds",
    "vip_priority", "day_offset_seconds", "do_not_call", "vip_level", "wanted_extension", "callback_number", "announced",
)  # fmt: skip


def test_a_log_of_an_earlier_version_is_still_read() -> None:
    lines = [json.dumps(without(json.loads(line), *NEW_FIELDS)) for line in lines_of(a_day())]
    outcome = replay(lines)
    assert (outcome.inputs, outcome.different_at) == (len(lines) - 1, None)


def test_a_snapshot_of_an_earlier_version_is_still_read() -> None:
    centre = Centre(agents=2)
    centre.ready(1)
    first, second = centre.arrives(), centre.arrives(priority=3)
    newer = (
        "ended_conversations", "overflowed", "callbacks", "left_places", "estimates", "offers_made_in_all", "rank",
        "place_us", "head_start_us", "looked_at_us", "wanted_agent", "wanted_until_us", "served_by", "note", "contact_id",
        "conversations", "conversation_wrap_ups", "is_lost", "turns", "day", "calls_today", "talked_today_us", "dialing",
        "callback_tries", "more_legs", "bridge_leg", "unannounced", "announced_us", "guess_us", "guess_place", "low_us",
        "high_us",
    )  # fmt: skip
    old = without(json.loads(centre.engine.state.dump()), *NEW_FIELDS, *newer)
    engine = Engine(State.from_json(old))
    rows = build(engine)["members"]
    assert [row["interaction_id"] for row in rows] == [second, first]
    assert engine.state.agents[1].offer is not None
