"""The small runtime of generated services, without sockets."""

import json
import logging
import subprocess
import sys

import pytest

from jupyter_lifecycle.deployment.service import Settings, answers
from jupyter_lifecycle.deployment.service.capture import Capture, read_capture
from jupyter_lifecycle.deployment.service.logs import JsonFormatter
from jupyter_lifecycle.deployment.service.metrics import Metrics
from jupyter_lifecycle.deployment.template import service_source
from jupyter_lifecycle.errors import InputError


def test_a_service_loads_no_database_and_no_data_frames():
    script = (
        "import sys, jupyter_lifecycle.deployment.service, jupyter_lifecycle.envelope.serving\n"
        "import jupyter_lifecycle.deployment.service.server\n"
        "bad = {'sqlalchemy', 'alembic', 'pandas', 'numpy', 'pyarrow', 'requests', 'lark', 'uv'}\n"
        "print(sorted(bad & {name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", ["svc", 'a"\'\n{x}"""\\', "{{}}%s"])
def test_the_generated_page_is_python_whatever_the_names_are(name, tmp_path):
    settings = Settings(endpoint=name, envelope="7f" * 20, capture_folder='/o"dd')
    source = service_source(settings, tmp_path / 'qu"ote')
    tree = compile(source, "service.py", "exec")
    assert "load_service" in tree.co_names
    assert max(map(len, source.splitlines())) < 300
    assert len(source.splitlines()) < 80


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "not JSON: Expecting property name"),
        (b"[Infinity]", "Infinity is no JSON value; send null"),
        (b"[-Infinity]", "-Infinity is no JSON value"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 200_000, "nested too deeply"),
    ],
)
def test_what_is_not_json_is_refused_with_its_reason(body, reason):
    with pytest.raises(InputError) as caught:
        answers.parse(body)
    assert reason in caught.value.detail["problems"][0]["reason"]


def test_answers_are_valid_json():
    assert answers.encode({"a": [1.5, None]}) == b'{"a":[1.5,null]}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        answers.encode(float("nan"))


def test_counters_add_up():
    metrics = Metrics(endpoint='o"dd\\', envelope="7f")
    metrics.count("/predict", 200, 0.003)
    metrics.count("/predict", 200, 20.0)
    metrics.count("other", 404, 0.1)
    metrics.count_rows(7)
    lines = metrics.text().splitlines()
    label = 'endpoint="o\\"dd\\\\",envelope="7f"'
    assert f'jupyter_lifecycle_requests_total{{{label},path="/predict",status="200"}} 2' in lines
    assert f'jupyter_lifecycle_predict_seconds_bucket{{{label},le="0.0025"}} 0' in lines
    assert f'jupyter_lifecycle_predict_seconds_bucket{{{label},le="0.005"}} 1' in lines
    assert f'jupyter_lifecycle_predict_seconds_bucket{{{label},le="+Inf"}} 2' in lines
    assert f"jupyter_lifecycle_predict_seconds_count{{{label}}} 2" in lines
    assert f"jupyter_lifecycle_rows_total{{{label}}} 7" in lines


def test_a_log_line_is_one_json_object():
    formatter = JsonFormatter(endpoint="svc")
    info = (KeyError, KeyError("x\ny"), None)
    record = logging.LogRecord("n", logging.ERROR, "f", 1, "it %s", ("broke",), info)
    record.fields = {"request": "7"}
    line = formatter.format(record)
    assert "\n" not in line
    found = json.loads(line)
    assert (found["level"], found["message"], found["request"]) == ("error", "it broke", "7")
    assert found["endpoint"] == "svc"
    assert "KeyError" in found["exception"]


def test_capture_is_bounded_private_and_survives_torn_lines(tmp_path):
    folder = tmp_path / "captures"
    capture = Capture(folder, max_bytes=2000)
    for n in range(50):
        capture.add(f"r{n}", "7f", b'{"x":\n%d}' % n, b"1")
    capture.add("huge", "7f", b"[" + b"1," * 2000 + b"1]", b"1")
    capture.close()
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 2000
    kept = [record["request"] for record in read_capture(folder)]
    assert kept[-1] == "r49"
    assert kept == [f"r{n}" for n in range(50 - len(kept), 50)]
    assert len(kept) > 5

    with (folder / "requests.jsonl").open("ab") as file:
        file.write(b'{"at": 1, "requ')  # as a killed service leaves it
    again = Capture(folder, max_bytes=2000)
    again.add("after", "7f", b"1", b"2")
    again.close()
    assert [record["request"] for record in read_capture(folder)] == [*kept, "after"][
        -len(kept) - 1 :
    ]
    assert list(read_capture(tmp_path / "none")) == []


def test_capture_takes_a_share(tmp_path, monkeypatch):
    drawn = iter([0.2, 0.4, 0.6])
    monkeypatch.setattr("random.random", lambda: next(drawn))
    capture = Capture(tmp_path, share=0.5, max_bytes=10_000)
    for n in range(3):
        capture.add(f"r{n}", "7f", b"1", b"2")
    capture.close()
    assert [record["request"] for record in read_capture(tmp_path)] == ["r0", "r1"]
