"""How long fuzzing goes on: seconds in the suite, as long as wanted by MODERATO_FUZZ=10000 (examples a test)."""

import os

from hypothesis import HealthCheck, settings

SEED = settings(
    max_examples=int(os.environ.get("MODERATO_FUZZ", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
