"""The page of a model tells what the checks of its feature table found, and links their page."""

from reports.model import model_report
from reports.model_checks import NAMED, Checks
from reports.page import render
from reports.provenance import Origin


def test_the_result_and_the_way_to_it_stand_on_the_page(spec, evaluation, parse):
    moved = tuple(f"feature_{place}" for place in range(NAMED + 2))
    checks = Checks(summary="All 9 expectations hold.", moved=moved, page="../checks/a%20b/feature_checks.html")
    found = parse(render(model_report(evaluation, Origin.of_bundle(spec, "9f" * 32), checks=checks)))

    assert "All 9 expectations hold. Moved: feature_0" in found.text()
    assert "feature_4, and 2 more" in found.text()
    assert checks.page in found.values("href")


def test_without_checks_nothing_is_said_of_them(pages, parse):
    assert "Its feature table" not in parse(render(pages["model"])).text()
