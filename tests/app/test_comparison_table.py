from __future__ import annotations

import re

import sim
from sim.app.comparison_table import comparison_table, figure_says


def test_text_of_a_scenario_stays_text(release):
    found = sim.compare(release.replace("spec.duration", "1m"), strategies=["canary"], replications=1)
    assert "<script>" not in comparison_table(found, "<script>alert(1)</script>")


def test_each_number_has_its_interval(release):
    found = sim.compare(release.replace("spec.duration", "2m"), strategies=["recreate", "canary"], replications=3)
    html = comparison_table(found, "title")
    assert re.search(r"<b>\d+</b><small>\d+ – \d+</small>", html.replace("\u202f", ""))
    assert html.index("canary") < html.index("recreate")
    assert figure_says(found).startswith("canary: ")


def test_a_single_run_has_no_interval(release):
    found = sim.compare(release.replace("spec.duration", "2m"), strategies=["recreate"], replications=1)
    html = comparison_table(found, "title")
    assert "–" not in re.sub(r"<small>.*?</small>", "", html)
    assert 'class="interval"' not in html
