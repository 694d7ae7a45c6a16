"""Each node type at work: what it plays, asks, sets, leaves, and where the caller goes when something is wrong."""

import json
from datetime import UTC, datetime

import pytest

from ivr.dry import DryContacts, DryHttp, DrySpeech
from ivr.engine import run
from ivr.filing import NothingFiled
from uckefu.centre import Centre, TrunkRights

ENDS = "  yes: {type: queue, queue: yes}\n  no: {type: queue, queue: no}\n  bad: {type: queue, queue: bad}\n"


@pytest.fixture
def meet(flow_of, converse):
    """A caller meets one node; gives where it went, the session, and the outcome."""

    def make(node, *says, flow="", **around):
        text = f"start: a\n{flow}nodes:\n  a: {node}\n{ENDS}"
        around.setdefault("speech", DrySpeech())
        outcome, session = converse(flow_of(text), list(says), **around)
        return outcome, session

    return make


def events(outcome, name):
    return [e for e in outcome.events if type(e).__name__ == name]


def values(outcome):
    return {e.name: e.value for e in events(outcome, "VariableSet")}


# ---- collect

COLLECT = "{type: collect, prompt: key_digits, variable: x, %s next: yes, no_input: no, no_match: bad}"


@pytest.mark.parametrize(
    ("fields", "says", "queue", "digits"),
    [
        ("", ["key=1", "key=2", "key=#"], "yes", "12"),
        ("", ["key=1", "key=2", "wait"], "yes", "12"),
        ("max: 2,", ["key=1", "key=2"], "yes", "12"),
        ("terminator: '*',", ["key=1", "key=#", "key=*"], "yes", "1#"),
        ("terminator: '', max: 2,", ["key=#", "key=*"], "yes", "#*"),
        ("min: 3, retries: 0,", ["key=1", "key=#"], "bad", None),
        ("min: 2,", ["key=1", "key=#", "key=1", "key=2", "key=#"], "yes", "12"),
        ("pattern: '1[0-9]', retries: 0,", ["key=2", "key=2", "key=#"], "bad", None),
        ("retries: 1,", ["wait", "key=5", "key=#"], "yes", "5"),
        ("retries: 1,", ["wait", "wait"], "no", None),
        ("retries: 0,", ["key=#"], "bad", None),
        ("confirm: {yes: 1, no: 2},", ["key=5", "key=#", "key=1"], "yes", "5"),
        ("confirm: {yes: 1, no: 2},", ["key=5", "key=#", "key=2", "key=6", "key=#", "key=1"], "yes", "6"),
        ("confirm: {yes: 1, no: 2}, retries: 0,", ["key=5", "key=#", "wait"], "bad", None),
    ],
)
def test_collect_takes_the_digits_that_fit(meet, fields, says, queue, digits):
    outcome, _ = meet(COLLECT % fields, *says)
    assert outcome.queue == queue
    assert values(outcome).get("x") == digits


def test_collect_reads_the_digits_back_in_one_piece(meet):
    _, session = meet(COLLECT % "confirm: {},", "key=4", "key=2", "key=#", "key=1")
    assert session.heard == ["zh/key_digits", "zh/you_keyed", "zh/say/4 zh/say/2", "zh/confirm_keys"]


def test_secret_digits_stand_in_no_event(meet):
    outcome, _ = meet(COLLECT % "secret: true,", "key=4", "key=2", "key=#")
    shown = json.dumps([e.as_dict() for e in outcome.events])
    assert '"42"' not in shown
    assert events(outcome, "DigitsCollected")[0].digits == "**"


# ---- lookup

ASK = (
    "{type: lookup, source: http, method: %s, url: 'https://crm.test/o/{call.number}?n={y}', %s answers: {s: order.state, "
    "n: order.items.0.name, whole: order}, found: yes, not_found: no, failed: bad}"
)


def test_an_answer_is_mapped_to_variables(meet):
    http = DryHttp([{"data": {"order": {"state": 3, "items": [{"name": "手机" * 600}]}}}])
    outcome, _ = meet(ASK % ("GET", ""), http=http, variables={"y": "a/b?c#d\r\n"})
    assert outcome.queue == "yes"
    assert values(outcome)["s"] == "3"
    assert values(outcome)["whole"] == "None"  # an object is no value
    assert http.asked[0].url == "https://crm.test/o/13800138000?n=a%2Fb%3Fc%23d%0D%0A"
    assert events(outcome, "LookedUp")[0].result == "found"


def test_a_post_sends_values(meet):
    http = DryHttp([{"data": {"order": {"state": 1}}}])
    meet(ASK % ("POST", "headers: {X-N: '{call.number}'}, body: {n: call.number, t: 1 + 1},"), http=http)
    assert http.asked[0].body == {"n": "13800138000", "t": 2}
    assert http.asked[0].headers == {"X-N": "13800138000"}


@pytest.mark.parametrize(
    ("answer", "queue"),
    [
        ({"status": 404}, "no"),
        ({"status": 200, "data": {"other": 1}}, "no"),
        ({"status": 200, "data": None}, "no"),
        ({"status": 200, "data": [1, 2]}, "no"),
        ({"status": 302}, "bad"),
        ({"status": 401, "data": {"order": {"state": 1}}}, "bad"),
        ({"fails": "no answer: timed out"}, "bad"),
    ],
)
def test_whatever_else_comes_has_a_way_out(meet, answer, queue):
    outcome, _ = meet(ASK % ("GET", ""), http=DryHttp([answer]))
    assert outcome.queue == queue
    assert not events(outcome, "NodeFailed")


def test_a_host_that_the_settings_do_not_name_is_a_failure_and_not_asked(meet):
    from ivr.web_request import HttpClient

    outcome, _ = meet(ASK % ("GET", ""), http=HttpClient())
    assert outcome.queue == "bad"
    assert "do not allow the host crm.test" in events(outcome, "LookedUp")[0].reason


WHO = "{type: lookup, source: contact, found: yes, not_found: no, failed: bad}"


@pytest.mark.parametrize(
    ("number", "queue"),
    [
        ("13800138000", "yes"),
        ("+8613800138000", "yes"),
        ("02088888888", "no"),
        ("", "no"),
        ("anonymous", "no"),
    ],
)
def test_a_contact_is_found_by_any_spelling_of_the_number(meet, number, queue):
    outcome, _ = meet(
        WHO,
        contacts=DryContacts({"008613800138000": {"vip": 2}, "+86 138 0013 8000": {"vip": 3}}),
        number=number,
    )
    assert outcome.queue == queue


def test_contacts_that_cannot_be_read_are_a_failure(meet):
    class Broken:
        def find(self, number, region):
            raise OSError("no such disk")

    assert meet(WHO, contacts=Broken())[0].queue == "bad"


# ---- branch, set, percent, log, language, say


@pytest.mark.parametrize(
    ("when", "queue"),
    [
        ("call.number == 13800138000", "yes"),
        ("starts(call.region, '北京')", "yes"),
        ("call.mobile and now.weekday == 'tue' and now.hour >= 10", "yes"),
        ("contact.vip >= 3", "no"),
        ("1 / 0", "no"),
        ("call.language == 'en'", "no"),
    ],
)
def test_branch_by_what_is_known_of_the_call(meet, when, queue):
    outcome, _ = meet(f'{{type: branch, cases: [{{when: "{when}", next: yes}}], otherwise: no}}')
    assert outcome.queue == queue
    assert not events(outcome, "NodeFailed")


def test_set_computes_in_order_and_what_cannot_be_computed_is_none(meet):
    outcome, _ = meet("{type: set, values: {x: 1 + 1, y: x * 10, z: nothing * 2}, next: yes}")
    assert values(outcome) == {"x": "2", "y": "20", "z": "None"}
    assert events(outcome, "ExpressionFailed")[0].expression == "nothing * 2"


SPLIT = "{type: percent, split: [{percent: 30, next: yes}, {percent: 0, next: bad}, {percent: 70, next: no}], by: %s}"


@pytest.mark.parametrize(("chance", "queue"), [(0.0, "yes"), (0.29, "yes"), (0.31, "no"), (0.999999, "no")])
def test_percent_splits_by_chance(meet, chance, queue):
    assert meet(SPLIT % "call", chance=lambda: chance)[0].queue == queue


def test_percent_by_caller_sends_a_number_the_same_way_each_time(meet):
    went = {
        number: {meet(SPLIT % "caller", number=str(number))[0].queue for _ in range(3)}
        for number in range(40)
    }
    assert all(len(queues) == 1 for queues in went.values())
    assert {q for queues in went.values() for q in queues} == {"yes", "no"}


def test_log_writes_values_and_survives_none(meet):
    outcome, _ = meet("{type: log, message: '{call.number} {nothing} {1 / 0} {1 == 1}', next: yes}")
    assert events(outcome, "Logged")[0].message == "13800138000   true"


def test_language_changes_what_is_heard(meet):
    outcome, session = meet(
        "{type: language, language: en, next: b}\n  b: {type: say, how: digits, value: '12', prompt: welcome, next: yes}"
    )
    assert session.heard == ["en/welcome", "en/say/1 en/say/2"]
    assert outcome.language == "en"


@pytest.mark.parametrize("value", ["nothing", "'abc'", "1 / 0"])
def test_a_value_that_cannot_be_said_is_passed_over(meet, value):
    outcome, session = meet(f'{{type: say, how: number, value: "{value}", prompt: welcome, next: yes}}')
    assert (outcome.queue, session.heard) == ("yes", ["zh/welcome"])


def test_play_mixes_prompts_texts_and_values(meet):
    node = "{type: play, prompt: [welcome, {text: {zh: '余额{x|money}，再见。', en: no}}, {text: 你好}], next: yes}"
    _, session = meet(node, variables={"x": 2.5})
    assert session.heard == [
        "zh/welcome",
        "zh: 余额",
        "zh/say/liang zh/say/yuan zh/say/5 zh/say/jiao",
        "zh: ，再见。",
        "zh: 你好",
    ]


def test_a_text_that_nobody_has_spoken_yet_is_recorded_and_passed_over(meet):
    outcome, session = meet("{type: play, prompt: [{text: 你好}, welcome], next: yes}", speech=None)
    assert session.heard == ["zh/welcome"]
    assert events(outcome, "PromptMissing")[0].prompt == "你好"


def test_when_a_prompts_file_is_gone_its_text_is_heard(flow_of, converse, tmp_path):
    from ivr.prompts import Prompts

    (tmp_path / "zh").mkdir()
    (tmp_path / "zh" / "prompts.yml").write_text("welcome: 欢迎\n", encoding="utf-8")
    outcome, session = converse(
        flow_of(f"start: a\nnodes:\n  a: {{type: play, prompt: welcome, next: yes}}\n{ENDS}"), [],
        prompts=Prompts(tmp_path), speech=DrySpeech(),
    )  # fmt: skip
    assert session.heard == ["zh: 欢迎"]
    assert events(outcome, "PromptMissing")[0].instead == "zh"


# ---- hours

HOURS = "{type: hours, %s open: yes, closed: no, holiday: bad}"


@pytest.mark.parametrize(
    ("fields", "at", "queue"),
    [
        ("", datetime(2025, 3, 4, 2, tzinfo=UTC), "yes"),
        ("", datetime(2025, 3, 4, 12, tzinfo=UTC), "no"),
        ("", datetime(2025, 10, 1, 2, tzinfo=UTC), "yes"),
        ("holidays: CN,", datetime(2025, 10, 1, 2, tzinfo=UTC), "bad"),
        ("holidays: CN,", datetime(2025, 9, 28, 2, tzinfo=UTC), "yes"),
        (
            "weekly: [{days: [tue], begin: '20:00', end: '21:00'}],",
            datetime(2025, 3, 4, 12, 30, tzinfo=UTC),
            "yes",
        ),
        ("weekly: [],", datetime(2025, 3, 4, 2, tzinfo=UTC), "no"),
    ],
)
def test_hours(meet, fields, at, queue):
    assert meet(HOURS % fields, at=at)[0].queue == queue


def test_a_year_without_known_holidays_is_recorded(meet):
    outcome, _ = meet(HOURS % "holidays: CN,", at=datetime(2091, 10, 1, 2, tzinfo=UTC))
    assert events(outcome, "HolidaysUnknown")[0].year == 2091


# ---- queue, agent, transfer, callback


def test_a_queue_says_its_wishes_in_variables(meet):
    outcome, _ = meet(
        "{type: queue, queue: q, skills: {english: 3, vip: 1}, announced: false, historic: true, survey: satisfaction}"
    )
    assert outcome.variables() | {"uckefu_flow": ""} == {
        "uckefu_language": "zh", "uckefu_flow": "", "uckefu_intent": "", "uckefu_priority": "0", "uckefu_next": "queue",
        "uckefu_queue": "q", "uckefu_skills": "english:3,vip:1", "uckefu_announced": "false", "uckefu_agent": "historic",
        "uckefu_after": "satisfaction", "transfer_after_bridge": "after:XML:uckefu",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("agent", "asked"), [("1002", "1002"), ("10-02; DROP", None), ("", None), (None, None), (1002, "1002")]
)
def test_a_named_agent_is_asked_by_the_acd_before_the_queue(meet, agent, asked):
    outcome, _ = meet(
        "{type: agent, agent: '{contact.agent}', queue: q}", variables={"contact": {"agent": agent}}
    )
    assert (outcome.next, outcome.queue, outcome.variables().get("uckefu_agent")) == ("queue", "q", asked)


@pytest.mark.parametrize("node", ["type: queue", "type: agent, agent: '1002'"])
@pytest.mark.parametrize(
    ("written", "contact", "level"),
    [
        ("", {"vip": 3}, "3"), ("", {"vip": 0}, None), ("", None, None), ("", {"vip": "x"}, None), ("", {"vip": 99}, "9"),
        (", vip_level: '2'", {"vip": 3}, "2"), (", vip_level: contact.vip + 1", {"vip": 3}, "4"),
        (", vip_level: contact.vip + 1", {"vip": "x"}, None), (", vip_level: '0'", {"vip": 3}, None),
    ],
)  # fmt: skip
def test_the_callers_vip_level_is_the_contacts_unless_the_node_says_another(
    meet, node, written, contact, level
):
    outcome, _ = meet(f"{{{node}, queue: q{written}}}", variables={"contact": contact})
    assert outcome.variables().get("uckefu_vip_level") == level


OUTSIDE = "{type: transfer, number: '{x}', trunk: t, failed: bad}"


@pytest.mark.parametrize(
    ("number", "allowed"),
    [
        ("02150001234", True), ("+862150001234", True), ("0013105551234", False), ("13800138000", False), ("", False),
        ("021 5000", False), ("021,w0013105551234", False), ("021@evil.test", False), (None, False), ("0", False),
    ],
)  # fmt: skip
def test_an_outside_number_needs_the_trunks_rights_whatever_the_variables_say(meet, number, allowed):
    centre = Centre(trunks={"t": TrunkRights(prefixes=["021", "+86"], caller_id="4001")})
    outcome, _ = meet(OUTSIDE, centre=centre, variables={"x": number})
    if allowed:
        assert (outcome.next, outcome.target) == ("outside", number)
        assert outcome.variables()["uckefu_outside_caller_id"] == "4001"
    else:
        assert outcome.queue == "bad"


def test_a_trunk_that_the_settings_do_not_name_may_call_nobody(meet):
    assert meet(OUTSIDE, variables={"x": "02150001234"})[0].queue == "bad"


def test_a_transfer_into_another_flow_takes_the_variables_along(meet, flow_of):
    other = flow_of(
        "start: b\nnodes:\n  b: {type: branch, cases: [{when: x == 5, next: c}], otherwise: d}\n  c: {type: queue, queue: five}\n  d: {type: hangup}\n"
    )
    outcome, _ = meet("{type: transfer, flow: other}", flows={"other": other}, variables={"x": 5})
    assert outcome.queue == "five"
    assert outcome.flow == "test@1"  # the call began there


# ---- subflow

IDENTIFY = "start: m\narguments: [least]\nresult: got\n%snodes:\n  m: {type: set, values: {got: least * 2, y: '1'}, next: %s}\n"


def test_a_subflow_has_variables_of_its_own_and_gives_a_result(meet, flow_of):
    node = "{type: subflow, flow: sub, arguments: {least: x + 1}, result: r, next: b}\n"
    node += (
        "  b: {type: branch, cases: [{when: r == 8 and y == none and got == none, next: yes}], otherwise: no}"
    )
    outcome, _ = meet(node, flows={"sub": flow_of(IDENTIFY % ("", "return"))}, variables={"x": 3})
    assert outcome.queue == "yes"
    assert [e.value for e in events(outcome, "FlowReturned")] == ["8"]
    ways = [(e.flow, e.node, e.way) for e in events(outcome, "NodeLeft")]
    assert ways[1] == ("test@1", "a", "next")


def test_a_failure_in_a_subflow_takes_its_own_way_out_then_the_callers(meet, flow_of):
    node = "{type: subflow, flow: sub, arguments: {least: '1'}, next: yes}"
    own = flow_of(IDENTIFY % ("on_error: q\n", "gone") + "  q: {type: queue, queue: own}\n")
    none = flow_of(IDENTIFY % ("", "gone"))
    assert meet(node, flows={"sub": own})[0].queue == "own"
    assert meet(node, flows={"sub": none}, flow="on_error: bad\n")[0].queue == "bad"
    assert meet(node, flows={"sub": none})[0].queue == "service"


def test_subflows_that_call_each_other_without_end_are_stopped(meet, flow_of):
    me = flow_of("start: a\nresult: 1\nnodes:\n  a: {type: subflow, flow: me, next: return}\n")
    outcome, _ = meet("{type: subflow, flow: me, next: yes}", flows={"me": me})
    assert outcome.queue == "service"
    assert any("more than 10 flows" in e.reason for e in events(outcome, "NodeFailed"))


def test_a_flow_that_is_not_there_is_a_failure(meet):
    assert meet("{type: subflow, flow: lost, next: yes}", flow="on_error: bad\n")[0].queue == "bad"


# ---- voicemail, survey, record

MAIL = "{type: voicemail, min_seconds: 2, queue: q, notify: [desk@example.com], next: yes, nothing: no}"


def test_a_message_is_filed_with_who_is_to_be_told(meet):
    filing = NothingFiled()
    outcome, session = meet(MAIL, "speak=7", filing=filing)
    ((kind, record),) = filing.records
    assert (outcome.queue, kind) == ("yes", "voicemail")
    assert record | {"path": "", "at": ""} == {
        "interaction_id": "i-1", "number": "13800138000", "did": "4001", "path": "", "seconds": 7.0, "queue": "q",
        "notify": ["desk@example.com"], "language": "zh", "flow": "test@1", "node": "a", "at": "",
    }  # fmt: skip
    assert session.heard == ["zh/leave_message", "zh/say/beep", "zh/message_thanks"]


def test_too_short_is_no_message(meet):
    filing = NothingFiled()
    assert meet(MAIL, "speak=1", filing=filing)[0].queue == "no"
    assert filing.records == []


def test_who_hangs_up_has_finished_the_message(flow_of, context, prompts):
    from ivr.adapters.terminal import TerminalSession

    class HangsUp(TerminalSession):
        """Speaks and hangs up: the file is there, the next thing raises."""

        def record(self, path, limit_seconds, silence_seconds):
            self.has_left = True
            return 7.0

    filing = NothingFiled()
    flow = flow_of(f"start: a\nnodes:\n  a: {MAIL}\n{ENDS}")
    outcome = run(flow, HangsUp(prompts, lambda _line: None), context(filing=filing))
    assert outcome.next == "gone"
    assert [kind for kind, _ in filing.records] == ["voicemail"]


def test_no_place_for_a_recording_is_no_reason_to_drop_the_caller(meet):
    class Full(NothingFiled):
        def audio_path(self, kind, interaction_id, at):
            return None

    assert meet(MAIL, "speak=7", filing=Full())[0].queue == "no"


SURVEY = "{type: survey, comment_up_to: 2, retries: 1, invalid: invalid_key, next: yes, no_input: no}"


@pytest.mark.parametrize(
    ("says", "queue", "score", "kinds"),
    [
        (["key=5"], "yes", "5", ["survey"]),
        (["key=1", "speak=9"], "yes", "1", ["survey", "survey"]),
        (["key=2", "wait"], "yes", "2", ["survey"]),
        (["key=9", "key=4"], "yes", "4", ["survey"]),
        (["key=0", "key=#"], "no", None, []),
        (["wait", "wait"], "no", None, []),
        (["key=1", "hangup"], "", "1", ["survey"]),
    ],
)
def test_a_rating_is_kept_at_once(meet, says, queue, score, kinds):
    filing = NothingFiled()
    outcome, session = meet(SURVEY, *says, filing=filing)
    assert outcome.queue == queue
    assert session.variables.get("uckefu_survey_score") == score
    assert [kind for kind, _ in filing.records] == kinds


class Recording:
    """A session that notes what is done to its recording."""

    def __init__(self, *, gone=False):
        self.done, self.gone = [], gone

    def __getattr__(self, name):
        if name in ("start_recording", "stop_recording", "mask_recording"):
            return lambda path, *on: self.done.append((name.removesuffix("_recording"), *on))
        return lambda *_a: ""


@pytest.mark.parametrize(
    ("actions", "done"),
    [
        (["start"], [("start",), ("stop",)]),
        (["start", "start"], [("start",), ("stop",)]),
        (["start", "pause", "pause", "resume"], [("start",), ("mask", True), ("mask", False), ("stop",)]),
        (["start", "stop", "pause"], [("start",), ("stop",)]),
        (["stop", "pause", "resume"], []),
    ],
)
def test_a_recording_is_switched_and_ends_with_the_flow(flow_of, context, actions, done):
    nodes = "".join(f"  n{i}: {{type: record, action: {a}, next: n{i + 1}}}\n" for i, a in enumerate(actions))
    flow = flow_of(f"start: n0\nnodes:\n{nodes}  n{len(actions)}: {{type: queue, queue: q}}\n")
    session = Recording()
    assert run(flow, session, context()).queue == "q"
    assert session.done == done


# ---- the journal


def test_every_run_is_filed_with_all_its_steps(meet):
    filing = NothingFiled()
    meet("{type: menu, prompt: welcome, keys: {1: yes}, no_input: no}", "key=1", filing=filing)
    (record,) = filing.runs
    assert (record["interaction_id"], record["flow"], record["next"], record["queue"]) == (
        "i-1",
        "test@1",
        "queue",
        "yes",
    )
    assert [step["type"] for step in record["events"]] == [
        "NodeEntered",
        "KeyPressed",
        "NodeLeft",
        "NodeEntered",
        "FlowEnded",
    ]
    json.dumps(record)


def test_the_filing_says_where_a_caller_hung_up(meet):
    filing = NothingFiled()
    meet("{type: menu, prompt: welcome, keys: {1: yes}, no_input: no}", "hangup", filing=filing)
    left = [step for step in filing.runs[0]["events"] if step["type"] == "CallerLeft"]
    assert [step["node"] for step in left] == ["a"]
