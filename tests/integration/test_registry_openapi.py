"""The server against its own OpenAPI document: thousands of requests that fit it, or nearly."""

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as described
from sqlalchemy import make_url, text

from jupyter_lifecycle.registry.artifacts import FolderArtifacts
from jupyter_lifecycle.registry.server import create_app
from jupyter_lifecycle.registry.store import Store
from jupyter_lifecycle.registry.store.database import Database
from jupyter_lifecycle.registry.store.postgres import postgres_engine


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def application(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("openapi")
    url = f"sqlite:///{folder / 'registry.db'}"
    if request.param == "postgresql":
        cluster = request.getfixturevalue("postgres")
        admin = postgres_engine(make_url(f"postgresql+pg8000://postgres@/postgres?host={cluster}"))
        with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("CREATE DATABASE openapi"))
        admin.dispose()
        url = f"postgresql://postgres@/openapi?host={cluster}"
    database = Database(url)
    store = Store(database, FolderArtifacts(folder / "artifacts"), author="admin")
    application = create_app(store)
    application.state.secret = store.keyring.create("ana", ["admin"])[1]
    yield application
    store.close()


OPERATIONS = sorted(
    (method.upper(), path)
    for path, methods in create_app(None).openapi()["paths"].items()
    for method in methods
    if path != "/v1/events"  # which waits for what happens next
)
HELD = [
    checks.not_a_server_error,
    described.status_code_conformance,
    described.content_type_conformance,
    described.response_schema_conformance,
    described.response_headers_conformance,
    described.negative_data_rejection,
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda part: part)
def test_a_route_answers_as_it_is_described(method, path, application):
    document = schemathesis.openapi.from_asgi("/openapi.json", application)
    headers = {"Authorization": f"Bearer {application.state.secret}"}

    @given(case=document[path][method].as_strategy())
    @settings(
        max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    def ask(case):
        case.validate_response(case.call(headers=headers), checks=HELD)

    ask()


def test_a_method_that_an_address_does_not_take_is_told_all_it_does(application, serve_app):
    address = serve_app(application)
    answer = requests.options(f"{address}/v1/deployments", timeout=30)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/deployments?endpoint=j&limit=-951129698698351214592",
        "/v1/facets?field=",
        "/v1/deliveries/99999999999999999999999/resend",
    ],
)
def test_what_was_found_once(path, application, serve_app):
    address = serve_app(application)
    headers = {"Authorization": f"Bearer {application.state.secret}"}
    call = requests.post if path.endswith("resend") else requests.get
    assert call(f"{address}{path}", headers=headers, timeout=30).status_code < 500
