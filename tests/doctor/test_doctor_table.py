"""The doctor on scripts that train well, and on those with a mistake planted in them."""

import pytest
from mistakes import MISTAKES, NAMES, SCRIPTS, examine

from minigrad.debug.checkup.doctor import CHECKS


@pytest.mark.parametrize("script", NAMES)
def test_a_script_that_trains_well_has_no_finding(script):
    report = examine(script)
    assert not report, report
    assert not any("failed" in reason for reason in report.not_checked.values()), report
    assert report.seconds < 10


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_mistake_is_found(mistake):
    report = mistake.examine()
    finding = mistake.finding(report)
    assert finding is not None, report
    assert finding.text
    assert finding.evidence
    assert finding.edit
    if mistake.in_line:
        assert finding.line == mistake.line()
    also = [f.check for f in report if f is not finding]
    assert also == (["parameters reached"] if mistake.check == "parameters found" and also else [])


def test_each_check_has_its_mistakes():
    assert {mistake.check for mistake in MISTAKES} == {check.name for check in CHECKS}


def test_the_table_is_as_large_as_readme_and_makefile_say():
    root = SCRIPTS.parents[2]
    assert f"on {len(MISTAKES)} planted mistakes" in (root / "README.md").read_text()
    numbers = f"on {len(NAMES)} scripts that train well, and on {len(MISTAKES)} mistakes"
    assert numbers in (root / "Makefile").read_text()
