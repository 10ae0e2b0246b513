"""The policy page's numbers at a million comments: what a moved slider waits for, goals, the preview.

    python -m benchmarks.planning [--comments 1000000] [--quick]

The value is the median processor time of what is computed again after a slider was moved: traffic, audit items, times,
and the cost of two policies. Beside it the first look, goals for all labels within few hours, and the preview, wall
time too.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.common import peak_rss_mb, report
from core.capacity import cost
from core.capacity_goals import Goal, Goals, solve
from core.domain import Policy
from core.labels import LABELS
from core.services import Services, build_services
from core.settings import Settings
from tests.support.ledger import seed

ROUNDS = 11


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--comments", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="20,000 comments")
    options = parser.parse_args()
    comments = 20_000 if options.quick else options.comments
    with tempfile.TemporaryDirectory() as folder:
        services = build_services(Settings(data_dir=Path(folder)))
        seed(services, comments=comments, days=28, rates=(0.005, 0.01, 0.02, 0.03, 0.03))
        measured = measure(services)
        services.close()
    report(
        "planning",
        round(measured.pop("slider_ms"), 1),
        "ms",
        floor=500,
        target=200,
        comments=comments,
        peak_rss_mb=peak_rss_mb(),
        **{name: round(value, 1) for name, value in measured.items()},
    )


def measure(services: Services) -> dict[str, float]:
    """Milliseconds by name."""
    planner, active = services.planner, services.policies.active()
    draft = replace(active, thresholds=(0.3,) * 6)
    first_wall, first = timed(lambda: planner.site())
    site = planner.site()
    goals = Goals({label: Goal(recall=0.8) for label in LABELS}, hours=0.1)
    sliders = [timed(lambda: _moved(services, (active, draft))) for _ in range(ROUNDS)]
    goal_wall, goal = timed(lambda: solve(site, draft, goals))
    preview_wall, preview = timed(lambda: planner.preview(draft))
    return {
        "slider_ms": statistics.median(cpu for _, cpu in sliders),
        "slider_wall_ms": statistics.median(wall for wall, _ in sliders),
        "first_ms": first,
        "first_wall_ms": first_wall,
        "goals_ms": goal,
        "goals_wall_ms": goal_wall,
        "preview_ms": preview,
        "preview_wall_ms": preview_wall,
        "audit_items": float(len(site.items)),
    }


def _moved(services: Services, policies: tuple[Policy, ...]) -> None:
    site = services.planner.site()
    for policy in policies:
        cost(site, policy)


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor milliseconds of an act."""
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return (time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3


if __name__ == "__main__":
    main()
