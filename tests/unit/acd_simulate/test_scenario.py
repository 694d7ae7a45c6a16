"""Scenario files: what they can say, and what is told about a wrong one."""

import json
from pathlib import Path
from typing import Any

import pytest

from acd.__main__ import main
from acd.simulate.run import plans, simulate
from acd.simulate.scenario import BadScenario, load_scenario, read_scenario

WHOLE = """
seed: 4
calls: 4000
queues:
  - {name: sales, wrap_up_seconds: 20, service_level_seconds: 10}
  - {name: service}
agents:
  - {count: 4, queues: {sales: 1, service: 2}}
  - {count: 3, queues: {service: {level: 1, position: 2}}, answer: {mean_seconds: 4, distribution: fixed}}
load:
  - {queue: sales, per_minute: 1.0, service: 90, patience: 60}
  - {queue: service, per_minute: 2.0, service: {mean_seconds: 60, distribution: lognormal, variation: 0.8}, patience: 120}
"""

DAY = """
seed: 4
replications: 5
queues: [{name: service}]
agents:
  - {count: 2, queues: {service: 1}, shifts: [{from: "09:00", until: "12:00"}, {from: "13:00", until: "18:00"}]}
load:
  - {queue: service, recorded: day.csv, service: 60, patience: 90}
"""


def refusal(text: str) -> str:
    with pytest.raises(BadScenario) as caught:
        read_scenario(text, "s.yml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("agents: 5\narrivals_per_minute: many\nmean_service_seconds: 60", "s.yml:2: arrivals_per_minute: "),
        ("agents: 5\narrivals_per_minute: 1", "s.yml:1: mean_service_seconds: Field required"),
        ("agents: 5\narrivals_per_minute: 1\nmean_service_seconds: 60\ncolour: red", "s.yml:4: colour: Extra"),
        ("agents: 2\narrivals_per_minute: 3\nmean_service_seconds: 60", "grows for ever"),
        ("agents: [", "s.yml:1: "),
        ("- 1", "s.yml:1: a scenario is a mapping"),
        (WHOLE.replace("wrap_up_seconds", "wrap_up_minutes"), "s.yml:5: queues.0: a queue has no setting 'wrap_up_minutes'"),
        (WHOLE.replace("{name: service}", "{name: service, skills: english is nice}"), "s.yml:6: queues.1: 'english is nice'"),
        (WHOLE.replace("{name: service}", "{name: service, limits: [{colour: red}]}"), "s.yml:6: queues.1: a setting can't be read"),
        (WHOLE.replace("{sales: 1, service: 2}", "{sails: 1}"), "no queue 'sails'"),
        (WHOLE.replace("calls: 4000\n", ""), "a steady rate needs `calls`"),
        (DAY.replace('"09:00"', '"nine"'), 's.yml:6: agents.0.shifts.0.from: write a time of day as "09:30"'),
        (DAY.replace("recorded: day.csv, ", ""), "write either `per_minute` or `recorded`"),
        (DAY + "rules: {return_grace_years: 1}\n", "there is no rule 'return_grace_years'"),
    ],
)  # fmt: skip
def test_a_wrong_scenario_is_told_with_its_line(text: str, told: str) -> None:
    assert told in refusal(text)


def test_the_command_says_what_is_wrong_and_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UCKEFU_INSTANCE", str(tmp_path))
    path = tmp_path / "s.yml"
    path.write_text("agents: 0\narrivals_per_minute: 1\nmean_service_seconds: 60", encoding="utf-8")
    assert main(["simulate", str(path), "--json"]) == 2
    assert f"{path}:1: agents: " in capsys.readouterr().err
    assert main(["simulate", str(tmp_path / "none.yml")]) == 2


def test_the_smallest_scenario_has_each_figure_with_its_interval_and_its_speed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UCKEFU_INSTANCE", str(tmp_path))
    path = tmp_path / "smallest.yml"
    path.write_text(
        "agents: 3\narrivals_per_minute: 1.5\nmean_service_seconds: 90\nmean_patience_seconds: 60\n"
        "service_level_seconds: 20\ncalls: 2000\nseed: 4\n",
        encoding="utf-8",
    )
    assert main(["simulate", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    names = (
        "p_wait", "service_level", "asa_seconds", "abandonment", "mean_wait_seconds", "utilisation"
    )  # fmt: skip
    for name in names:
        low, high = told[name]["ci95"]
        assert 0 <= low <= told[name]["value"] <= high, name
    assert told["calls_per_second"] > 0


def test_several_queues_are_told_together_and_one_by_one() -> None:
    told: Any = simulate(read_scenario(WHOLE), processes=1)
    each = told["queues"]
    assert set(each) == {"sales", "service"}
    assert each["sales"]["offered"] + each["service"]["offered"] == told["offered"]
    assert each["sales"]["offered"] / told["offered"] == pytest.approx(1 / 3, abs=0.03)
    assert told["offered"] == told["answered"] + told["abandoned"] + told["sent_away"]
    assert "utilisation" not in each["sales"]


def test_the_same_scenario_gives_the_same_figures_on_one_core_and_on_two() -> None:
    scenario = read_scenario(
        DAY.replace("recorded: day.csv", 'per_minute: [{from: "09:00", until: "12:00", per_minute: 1}]')
    )
    first, second = simulate(scenario, processes=1), simulate(scenario, processes=2)
    timed = ("seconds", "calls_per_second")
    assert {k: v for k, v in first.items() if k not in timed} == {
        k: v for k, v in second.items() if k not in timed
    }


def test_a_recorded_day_is_replayed_with_its_arrivals_and_its_shifts(tmp_path: Path) -> None:
    (tmp_path / "day.yml").write_text(DAY, encoding="utf-8")
    rows = ["at_seconds,queue,service_seconds"]
    rows += [f"{9 * 3600 + n * 60},service,{30 + n % 50}" for n in range(120)]
    rows += [f"{12 * 3600 + 600},,", f"{20 * 3600},,"]  # in the break, and after hours
    (tmp_path / "day.csv").write_text("\n".join(rows), encoding="utf-8")
    told: Any = simulate(load_scenario(tmp_path / "day.yml"), tmp_path, processes=1)
    assert told["offered"] == 122 * 5
    assert told["batches"] == 5
    assert told["abandoned"] >= 5
    assert 0 < told["utilisation"]["value"] < 0.3


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("at_seconds,queue\nnine,service", "day.csv:2: `at_seconds`"),
        ("at_seconds,queue\n5,sails", "day.csv:2: no queue 'sails'"),
        ("at_seconds,queue\n90000,service", "day.csv:2: `at_seconds` counts from the day's beginning"),
        ("at_seconds,queue", "no call in it"),
    ],
)
def test_a_wrong_recorded_day_is_told_with_its_line(tmp_path: Path, rows: str, told: str) -> None:
    (tmp_path / "day.yml").write_text(DAY, encoding="utf-8")
    (tmp_path / "day.csv").write_text(rows, encoding="utf-8")
    with pytest.raises(BadScenario, match=told.replace("(", r"\(")):
        simulate(load_scenario(tmp_path / "day.yml"), tmp_path, processes=1)


@pytest.mark.parametrize("calls", [100, 999, 20_000, 100_000, 1_000_000])
def test_the_calls_of_a_scenario_are_all_simulated_whatever_the_split(calls: int) -> None:
    text = f"agents: 5\narrivals_per_minute: 1\nmean_service_seconds: 60\ncalls: {calls}"
    split = plans(read_scenario(text))
    assert sum(plan.batches for plan in split) == 16
    assert sum(plan.warm_up + plan.size * plan.batches for plan in split) == calls // len(split) * len(split)
    assert all(plan.size > 0 for plan in split)
