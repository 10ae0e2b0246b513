"""A client of the API's routes on an empty database, as a program on another machine."""

import shutil

import pytest
from starlette.testclient import TestClient

from core.services import build_services
from core.settings import Settings
from tests.support.programs import application, make_key


@pytest.fixture(scope="package")
def ready(tmp_path_factory):
    """A folder with an empty database, to copy; the model stays loaded, for all to share."""
    folder = tmp_path_factory.mktemp("api")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("core.registry.CAREFUL", "models/none")
        services = build_services(Settings(data_dir=folder))
    services.policies.active()
    scorer = services.models.load(services.registry.require_live())
    services.close()
    yield folder
    del scorer


@pytest.fixture
def api_services(ready, tmp_path, request):
    """Services with the settings of the test's marker `with_settings(name=value)`."""
    shutil.copy(ready / "moderato.db", tmp_path / "moderato.db")
    marker = request.node.get_closest_marker("with_settings")
    made = build_services(Settings(data_dir=tmp_path, **(marker.kwargs if marker else {})))
    yield made
    made.close()


@pytest.fixture
def stranger(api_services):
    """A client without a key, on another machine."""
    with TestClient(application(api_services), base_url="http://moderato.test", client=("192.0.2.7", 5)) as client:
        yield client


@pytest.fixture
def client(stranger, api_services):
    """A client whose key may do everything."""
    stranger.headers["x-goog-api-key"] = make_key(api_services)
    return stranger
