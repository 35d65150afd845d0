"""The pages without a browser: every widget by its key."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

COMPARE = "sim/app/pages/compare.py"
PATIENCE = 200
"""Seconds: the first run of all compiles the engine."""
SHORT = {"rate": "40", "duration": "180"}


def app(root, **address):
    test = AppTest.from_file(str(root / "app.py"), default_timeout=PATIENCE)
    for name, value in address.items():
        test.query_params[name] = value
    return test.run()


def stages(test):
    return test.get("bidi_component")


def said(test):
    return "\n".join(code.value for code in test.code)


def test_the_first_page_asks_to_predict(root):
    test = app(root)
    assert not test.exception
    assert "A release with 5 % errors" in test.main.get("html")[0].proto.body
    assert test.selectbox(key="strategy").value == "canary"
    assert not stages(test)


def test_run_brings_the_stage(root):
    test = app(root, **SHORT)
    test.button(key="run").click().run()
    assert not test.exception
    assert len(stages(test)) == 1


@pytest.mark.parametrize("strategy", ["recreate", "rollingUpdate", "blueGreen", "canary", "abTest", "shadow"])
def test_each_strategy_runs(root, strategy):
    test = app(root, **SHORT, strategy=strategy, run="1")
    assert not test.exception
    assert not test.error
    assert len(stages(test)) == 1


@pytest.mark.parametrize(("scenario", "strategy"), [("flash-crowd", "fewerPods"), ("retry-storm", "careful")])
def test_scenarios_with_endpoints_and_users_who_react_run(root, scenario, strategy):
    test = app(root, scenario=scenario, strategy=strategy, run="1")
    assert not test.exception
    assert not test.error
    assert len(stages(test)) == 1


def test_knobs_begin_with_what_the_address_says(root):
    test = app(root, rate="77", errors="12", replicas="5000000", seed="nonsense", strategy="blueGreen")
    assert test.number_input(key="rate").value == 77
    assert test.number_input(key="errors").value == 12
    assert test.number_input(key="replicas").value == 1000
    assert test.number_input(key="seed").value == 1
    assert test.selectbox(key="strategy").value == "blueGreen"


def test_the_address_says_what_was_changed(root):
    test = app(root)
    test.number_input(key="rate").set_value(50.0)
    test.number_input(key="duration").set_value(120.0)
    test.button(key="run").click().run()
    assert dict(test.query_params) == {
        "scenario": "bad-release",
        "strategy": "canary",
        "rate": "50",
        "duration": "120",
        "run": "1",
    }


def test_a_strategy_without_analysis_has_no_knob_for_it(root):
    test = app(root, strategy="recreate")
    assert not [field for field in test.number_input if field.key in ("limit", "interval")]
    assert "person on call" in "".join(caption.value for caption in test.sidebar.caption)


def test_another_strategy_has_its_own_limit(root):
    test = app(root)
    test.selectbox(key="strategy").select("abTest").run()
    assert test.number_input(key="limit").value == 2


def test_reset_brings_the_files_values_back(root):
    test = app(root, rate="77")
    test.button(key="reset").click().run()
    assert test.number_input(key="rate").value == 200


def test_too_much_traffic_is_refused_with_its_number(root):
    test = app(root, rate="2000", run="1")
    assert "2,640,000 requests" in said(test)
    assert not stages(test)


def test_a_broken_file_is_told_as_the_loader_tells_it(root):
    test = app(root)
    test.file_uploader(key="upload").upload(
        "mine.yaml", b"apiVersion: rollsim/v1\nkind: Scenario\nspecs: {}\n", "application/yaml"
    ).run()
    assert "mine.yaml:3:1: unknown key 'specs'; did you mean 'spec'?" in said(test)
    assert not test.exception


def test_a_file_that_is_no_text_is_told(root):
    test = app(root)
    test.file_uploader(key="upload").upload("mine.yaml", b"\xff\xfe\x00", "application/yaml").run()
    assert "mine.yaml: is not UTF-8 text (byte 1)" in said(test)


def test_an_uploaded_scenario_can_be_run(root):
    text = (root / "scenarios" / "bad-release.yaml").read_text().replace("200rps", "30rps").replace("20m ", "2m ")
    test = app(root)
    test.file_uploader(key="upload").upload("mine.yaml", text.encode(), "application/yaml").run()
    assert test.number_input(key="rate").value == 30
    test.button(key="run").click().run()
    assert not test.error
    assert len(stages(test)) == 1


def test_compare_has_a_row_for_each_strategy(root):
    test = app(root, **SHORT, replications="2", run="1")
    test.switch_page(COMPARE).run()
    test.button(key="run").click().run()
    assert not test.exception
    table = next(html.proto.body for html in test.main.get("html") if "<table" in html.proto.body)
    rows = table.count('scope="row"')
    assert rows == 6
    assert [table.index(f">{name}<") for name in ("shadow", "canary", "recreate")] == sorted(
        table.index(f">{name}<") for name in ("shadow", "canary", "recreate")
    )


def test_knobs_are_the_same_on_both_pages(root):
    test = app(root, rate="55", limit="4")
    test.switch_page(COMPARE).run()
    assert test.number_input(key="rate").value == 55
    test.switch_page("sim/app/pages/simulate.py").run()
    assert test.number_input(key="limit").value == 4
