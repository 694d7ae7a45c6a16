"""Steps 1 to 6 of the main job: a call from the INVITE to the disposition, with phones, ears and a browser."""

import re
import time

from playwright.sync_api import expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from sql.models import CallLeg, Disposition, Interaction, Offer, QueueVisit, Talk
from tests.e2e.conftest import Scene
from tests.e2e.sounds import heard, read, write_tone
from tests.support.waiting import wait_until
from uckefu.times import elapsed

CALLER_HERTZ, AGENT_HERTZ = 440.0, 880.0
NUMBER = "13800138000"  # a contact of the sample data


def test_a_call_from_the_invite_to_the_disposition(scene: Scene) -> None:
    agent, caller = scene.agents_phone("1001"), scene.caller(NUMBER)
    agent.do("play", path=str(write_tone(scene.folder / "agent.wav", AGENT_HERTZ)))
    agent.do("record", path=str(scene.folder / "agent-heard.wav"))
    caller.do("play", path=str(write_tone(scene.folder / "caller.wav", CALLER_HERTZ)))
    page = scene.page("agent1")
    scene.ready(page)
    scene.wait_agent("1001", "idle")

    caller.call("4001")
    caller.wait("confirmed")
    caller.do("dtmf", digits="2")
    incoming = agent.wait("incoming", seconds=30)
    page.wait_for_selector("[role=alertdialog]:not([hidden])")
    popped_after = time.time() - incoming["at"]
    assert popped_after < 1.0, f"the pop-up came {popped_after:.2f} s after the phone rang"
    pop = page.locator("[role=alertdialog]")
    expect(pop).to_contain_text("138****8000")
    expect(page.locator("#strip")).to_have_class(re.compile("is-ringing"))
    expect(page).to_have_title(re.compile(r"^\("))
    expect(pop).to_contain_text("陈静")
    scene.shot(page, "desk-ringing-zh")

    interaction_id = scene.agent("1001")["offer"]["interaction_id"]
    agent.do("answer")
    agent.wait("confirmed")
    scene.wait_agent("1001", "talking")
    expect(pop).to_be_hidden()
    expect(page.locator("#strip")).to_have_class(re.compile("uc-s-talk"))
    scene.shot(page, "desk-talking-zh")
    caller.do("record", path=str(scene.folder / "caller-heard.wav"))
    recording = scene.stack.settings.recordings_dir
    wait_until(
        lambda: _recorded_seconds(scene, interaction_id) >= 2.5, seconds=15, what=f"sound in {recording}"
    )

    caller.finish_recording()
    agent.finish_recording()
    hung_up_at = time.time()
    caller.hang_up()
    agent.wait("disconnected")
    scene.wait_agent("1001", "wrap-up")
    strip = page.locator("#strip")
    expect(strip).to_have_class(re.compile("uc-s-wrap"))
    scene.shot(page, "desk-wrap-up-zh")
    _check_record(scene, interaction_id, hung_up_at)

    strip.locator("select").select_option(index=1)
    strip.locator("input").fill("客户问发票")
    strip.locator("button.btn-primary").click()
    scene.wait_agent("1001", "idle")
    _check_disposition(scene, interaction_id)
    _check_sound(scene, interaction_id)
    _check_calls_page(scene, interaction_id)
    assert [r for r in scene.reports if "favicon" not in r] == []


def _recording(scene: Scene, interaction_id: str) -> list:
    return list(scene.stack.settings.recordings_dir.rglob(f"{interaction_id}.wav"))


def _recorded_seconds(scene: Scene, interaction_id: str) -> float:
    files = _recording(scene, interaction_id)
    return files[0].stat().st_size / (8000 * 4) if files else 0.0


def _check_record(scene: Scene, interaction_id: str, hung_up_at: float) -> None:
    engine = scene.stack.engine()
    with Session(engine) as session:

        def ended() -> Interaction | None:
            session.rollback()
            return session.scalar(
                select(Interaction).where(Interaction.id == interaction_id, Interaction.ended_at.is_not(None))
            )

        call = wait_until(ended, seconds=5, what="the CDR")
        assert time.time() - hung_up_at < 3.0
        assert call.from_number == NUMBER
        assert call.to_number == "4001"
        assert call.queue_name == "service"
        assert call.hangup_by == "caller"
        assert call.hangup_cause == "NORMAL_CLEARING"
        assert call.recording.endswith(f"{interaction_id}.wav")
        assert call.started_at <= call.answered_at <= call.queued_at <= call.connected_at <= call.ended_at
        legs = wait_until(
            lambda: (
                session.rollback(),
                session.scalars(select(CallLeg).where(CallLeg.interaction_id == interaction_id)).all(),
            )[1],
            what="legs",
        )
        wait_until(
            lambda: (
                session.rollback(),
                len(session.scalars(select(CallLeg).where(CallLeg.interaction_id == interaction_id)).all())
                == 2,
            )[1],
            what="two legs",
        )
        legs = session.scalars(select(CallLeg).where(CallLeg.interaction_id == interaction_id)).all()
        assert {leg.role for leg in legs} == {"caller", "agent"}
        agents_leg = next(leg for leg in legs if leg.role == "agent")
        assert agents_leg.started_at <= agents_leg.ringing_at <= agents_leg.answered_at <= agents_leg.ended_at
        visit = session.scalar(select(QueueVisit).where(QueueVisit.interaction_id == interaction_id))
        assert visit is not None
        assert visit.result == "answered"
        offer = session.scalar(select(Offer).where(Offer.interaction_id == interaction_id))
        assert offer is not None
        assert offer.outcome == "accepted"
        assert offer.reason["rule"] == "longest-idle"
        talk = session.scalar(select(Talk).where(Talk.interaction_id == interaction_id))
        assert talk is not None
        assert elapsed(talk.connected_at, talk.ended_at)
    engine.dispose()


def _check_disposition(scene: Scene, interaction_id: str) -> None:
    engine = scene.stack.engine()
    with Session(engine) as session:

        def noted() -> Talk | None:
            session.rollback()
            return session.scalar(select(Talk).where(Talk.interaction_id == interaction_id, Talk.note != ""))

        talk = wait_until(noted, what="the note")
        assert talk.note == "客户问发票"
        assert talk.wrap_up_result == "finished"
        first = session.scalar(select(Disposition).order_by(Disposition.position).limit(1))
        assert first is not None
        assert talk.disposition_id == first.id
    engine.dispose()


def _check_sound(scene: Scene, interaction_id: str) -> None:
    assert heard(read(scene.folder / "agent-heard.wav")[:, 0], CALLER_HERTZ), (
        "the agent does not hear the caller"
    )
    assert heard(read(scene.folder / "caller-heard.wav")[:, 0], AGENT_HERTZ), (
        "the caller does not hear the agent"
    )
    both = read(_recording(scene, interaction_id)[0])
    assert both.shape[1] == 2
    assert heard(both[:, 0], CALLER_HERTZ), "the caller is not on the left of the recording"
    assert heard(both[:, 1], AGENT_HERTZ), "the agent is not on the right of the recording"


def _check_calls_page(scene: Scene, interaction_id: str) -> None:
    page = scene.page("supervisor")
    page.goto(f"{scene.stack.url}/calls/")
    row = page.locator(f"[data-call='{interaction_id}']")
    expect(row).to_contain_text("138****8000")
    row.locator("[data-open]").click()
    expect(page.locator("[data-time]")).not_to_have_text(re.compile("/ 00:00$"))
    with page.expect_response(re.compile("/recording$")) as answered:
        page.locator("[data-play]").click()
    assert answered.value.status == 206
    expect(page.locator("[data-time]")).not_to_have_text(re.compile("^00:00 /"))
    expect(page.locator(".uc-player")).to_contain_text("客户问发票")
    scene.shot(page, "calls-zh")
    anonymous = page.context.browser.new_context()
    answer = anonymous.request.get(f"{scene.stack.url}/calls/{interaction_id}/recording", max_redirects=0)
    assert answer.status == 302
    anonymous.close()
    part = page.request.get(
        f"{scene.stack.url}/calls/{interaction_id}/recording", headers={"Range": "bytes=0-43"}
    )
    assert part.status == 206
    assert part.body()[:4] == b"RIFF"
