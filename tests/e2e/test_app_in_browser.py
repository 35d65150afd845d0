"""What a person sees and does, in Chromium. Every test also holds that no other host is asked and nothing complains."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

import sim

pytestmark = pytest.mark.browser

SHORT = "rate=60&duration=240"
RAN = f"/?{SHORT}&run=1"


def address(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def violations(page):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [(each["id"], [node["target"] for node in each["nodes"]]) for each in found]


def test_predict_then_run_then_play(visit):
    seen = visit(f"/?{SHORT}")
    assert seen.page.get_by_role("heading", name="A release with 5 % errors").is_visible()
    assert violations(seen.page) == []
    assert "21\u202f600 requests" in seen.page.get_by_text("About").inner_text()  # 60 a second, over 6 minutes
    seen.run().stage()
    assert seen.text(".clock") == "0:00"
    assert seen.text(".users b").startswith("0 ")
    seen.page.keyboard.press("Space")
    seen.page.wait_for_timeout(1500)
    seen.page.keyboard.press("Space")
    assert seen.seconds() > 0
    assert seen.text(".steps li.now")


def test_run_plays_by_itself_unless_motion_is_reduced(visit):
    seen = visit(f"/?{SHORT}", reduced_motion="no-preference").run().stage()
    seen.page.wait_for_timeout(1500)
    assert seen.seconds() > 0


def test_arrows_go_from_event_to_event(visit):
    seen = visit(RAN).stage()
    moments = []
    for _ in range(3):
        seen.page.keyboard.press("ArrowRight")
        moments.append(seen.seconds())
    assert moments == sorted(set(moments))
    seen.page.keyboard.press("ArrowLeft")
    assert seen.seconds() == moments[1]


def test_scrubbing_shows_another_moment(visit):
    seen = visit(RAN).stage()
    box = seen.page.locator(".rs .tl canvas").bounding_box()
    seen.page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 40)
    seen.page.mouse.down()
    seen.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 40)
    middle = seen.seconds()
    seen.page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 40)
    seen.page.mouse.up()
    assert 0 < seen.seconds() < middle


def test_the_stage_tells_what_the_run_says(visit, root):
    scenario = sim.load(root / "scenarios" / "bad-release.yaml")
    scenario = scenario.replace("spec.traffic.rate", 60).replace("spec.duration", 240)
    run = sim.simulate(scenario, strategy="canary")
    seen = visit(RAN).stage()
    seen.page.get_by_role("button", name="Undo", exact=True).click()
    assert "ROLL" in seen.text(".say b")
    assert seen.text(".steps li.now").endswith("Roll back to v1")
    assert "failed" in seen.text(".why")
    seen.page.get_by_role("button", name="Whole run").click()
    box = seen.page.locator(".rs .tl canvas").bounding_box()
    seen.page.mouse.click(box["x"] + box["width"] - 2, box["y"] + 40)
    assert seen.text(".clock") == "4:00"
    summary = run.summary()
    by_new = int((run.requests.query("version == 'v2'")["reason"] != "ok").sum())
    assert seen.text(".failed b") == f"{by_new} / {summary['failed_requests']}"
    assert seen.text(".users b").split()[0] == str(summary["users_affected"])
    assert summary["outcome_reason"] in seen.text(".say .key")


def test_a_knob_changes_the_result(visit):
    seen = visit(RAN).stage()
    seen.page.get_by_role("button", name="End", exact=True).click()
    before = seen.text(".users b")
    seen.page.get_by_label("Errors of v2, %").fill("60")
    seen.page.get_by_label("Errors of v2, %").press("Tab")
    seen.run().page.wait_for_url(re.compile("errors=60"))
    assert "t" not in address(seen.page), "another run begins at its start"
    seen.page.get_by_role("button", name="End", exact=True).click()
    assert seen.text(".users b") != before


def test_a_link_shows_the_same_again(visit):
    first = visit(RAN).stage()
    first.page.get_by_role("button", name="Undo", exact=True).click()
    first.page.wait_for_url(re.compile("t="))
    again = visit(first.page.url.removeprefix(first.url)).stage()
    assert address(again.page) == address(first.page)
    for part in (".clock", ".users b", ".failed b", ".say b", ".log"):
        assert again.text(part) == first.text(part)


def test_the_downloaded_scenario_is_what_was_run(visit, tmp_path):
    seen = visit(f"{RAN}&errors=33&limit=2.5&replicas=7")
    with seen.page.expect_download() as download:
        seen.page.get_by_role("button", name="Download YAML").click()
    assert download.value.suggested_filename == "bad-release.yaml"
    download.value.save_as(tmp_path / "mine.yaml")
    scenario = sim.load(tmp_path / "mine.yaml")
    assert scenario.services["checkout"].replicas == 7
    assert scenario.services["checkout"].versions["v2"].faults[0].error_rate == 0.33
    assert scenario.strategies["canary"].analysis.metrics[0].failure_condition == "result > 0.025"


def test_a_broken_upload_is_told_and_shown_as_text(visit):
    seen = visit()
    seen.page.get_by_text("Your own scenario").click()
    mine = {"name": "mine.yaml", "mimeType": "application/yaml", "buffer": b"kind: <img src=http://192.0.2.1/x>\n"}
    seen.page.locator("input[type=file]").set_input_files(mine)
    seen.page.get_by_text("This is no scenario that can be run").wait_for()
    assert "mine.yaml:1:7: kind" in seen.page.locator("[data-testid=stCode]").inner_text()
    assert seen.page.locator("img[src*='192.0.2.1']").count() == 0


def test_compare_shows_every_strategy_and_one_figure_at_a_time(visit):
    seen = visit(f"/compare?{SHORT}&replications=2")
    seen.run()
    table = seen.page.locator("table.comparison")
    table.wait_for()
    assert table.locator("tbody tr").count() == 6
    sources = []
    for name in ("The plane", "All curves", "Blast radius"):
        seen.page.get_by_role("radio", name=name).click()
        picture = seen.page.locator("[data-testid=stImage] img")
        if sources:
            expect(picture).not_to_have_attribute("src", sources[-1], timeout=20_000)
        sources.append(picture.get_attribute("src"))
        assert "canary" in picture.get_attribute("alt")
    assert len(set(sources)) == 3
    assert violations(seen.page) == []
    table.get_by_role("link", name="blueGreen").click()
    seen.stage()
    assert address(seen.page)["strategy"] == "blueGreen"
    assert "blueGreen" in seen.text(".say .key")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_anybodys_way(visit, scheme):
    seen = visit(f"{RAN}&t=60", color_scheme=scheme).stage()
    assert ("dark" in seen.page.locator(".rs").get_attribute("class")) == (scheme == "dark")
    assert violations(seen.page) == []


PLAIN = """
apiVersion: rollsim/v1
kind: Scenario
metadata: {name: plain}
spec:
  duration: 2m
  traffic: {rate: 40rps}
  services: {shop: {replicas: 3, errorRate: 1%, versions: {only: {}}}}
"""


def test_an_uploaded_plain_run_has_one_version(visit):
    seen = visit()
    seen.page.get_by_text("Your own scenario").click()
    mine = {"name": "mine.yaml", "mimeType": "application/yaml", "buffer": PLAIN.encode()}
    seen.page.locator("input[type=file]").set_input_files(mine)
    seen.page.get_by_text("Scenario: plain").wait_for()
    seen.idle().run().stage()  # its own knobs, too, must be there before they are sent
    box = seen.page.locator(".rs .tl canvas").bounding_box()
    seen.page.mouse.click(box["x"] + box["width"] - 2, box["y"] + 40)
    assert seen.text(".clock") == "2:00"
    assert int(seen.text(".failed b")) > 0
    assert "only, 3 ready" in seen.page.locator(".rs .mesh canvas").get_attribute("aria-label")
    assert not seen.page.locator(".rs .num.share").is_visible()
