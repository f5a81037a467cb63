"""From a rule to a raw request over HTTP: the service gives the notebook's number, to the bit."""

import json
import sys
import urllib.error
import urllib.request

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import jupyter_lifecycle as jl
from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.deployment import Deployer, Endpoint
from jupyter_lifecycle.deployment.detach import stop
from jupyter_lifecycle.notebook import Session
from jupyter_lifecycle.registry.records import Rule

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the local target needs Unix")

CODE = """
def minute(sched):
    return sched // 100 * 60 + sched % 100

def by_hour(hour, wind_of):
    return wind_of.groupby(hour).mean()

def wind(hour, by_hour):
    return hour.map(by_hour) / 7

def rank(sched):
    return sched.rank()
"""
X = ["minute", "wind", "rank"]


@pytest.fixture
def registry(tmp_path):
    with jl.Registry(tmp_path / "home") as registry:
        yield registry
        stop(tmp_path / "home" / "deployer")


@pytest.fixture
def flights():
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "sched": rng.integers(500, 2300, 200),
            "hour": pd.Timestamp("2013-01-01", tz="UTC")
            + pd.to_timedelta(rng.integers(0, 9, 200), unit="h"),
            "wind_of": rng.normal(10, 3, 200),
        }
    )


@pytest.fixture
def session(flights):
    session = Session(cache=ColumnCache())
    session.feature(CODE)
    session.inputs(flights)
    return session


def post(url, payload):
    request = urllib.request.Request(
        f"{url}/predict", json.dumps(payload).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def test_a_deployed_service_computes_features_from_raw_rows(registry, flights, session):
    frame = session.compute(*X)
    model = LinearRegression().fit(frame[X], flights["wind_of"])
    envelope = jl.save(
        model,
        name="wind",
        example=frame[X].head(20),
        features=session,
        tags={"ok": "yes"},
        registry=registry,
    )
    assert [field.name for field in envelope.schema.inputs] == ["sched", "hour", "rank"]
    registry.set_rule(Rule("svc", "name = 'wind' and tags.ok = 'yes'"))
    with Deployer(registry) as deployer:
        deployer.step()
        url = Endpoint("svc", registry).url
        raw = flights.assign(rank=frame["rank"])
        rows = [
            {"sched": int(row.sched), "hour": row.hour.isoformat(), "rank": row.rank_}
            for row in raw.rename(columns={"rank": "rank_"}).itertuples()
        ]
        expected = [float(model.predict(frame[X].iloc[[at]])[0]) for at in range(40)]
        assert [post(url, rows[at]) for at in range(40)] == [(200, one) for one in expected]
        assert post(url, rows) == (200, model.predict(frame[X]).tolist())

        status, said = post(url, [rows[0], rows[1] | {"sched": "late"}])
        assert status == 400
        assert said["error"]["detail"]["problems"] == [
            {"path": "/1/sched", "reason": "expected an integer, got text"}
        ]
        status, said = post(url, {"minute": 3.0} | rows[0])
        assert (status, said["error"]["detail"]["problems"][0]["path"]) == (400, "/minute")
        status, said = post(url, {name: rows[0][name] for name in ("sched", "hour")})
        assert (status, said["error"]["detail"]["problems"][0]["path"]) == (400, "/rank")
