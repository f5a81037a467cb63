"""Which of Hamilton's modules are run together, and what they need to give values."""

from __future__ import annotations

import typing
from typing import Any

import numpy as np
import pandas as pd
from hamilton_agreement import Case

if typing.TYPE_CHECKING:
    from pathlib import Path


def _taxes(_: Path) -> dict[str, Any]:
    people = {
        "Name": ["Ann", "Ben", "Cleo", "Dan", "Eve", "Finn"],
        "Income": [75_600, 34_000, 111_500, 234_546, 144_865, 69_412],
        "Children": [2, 1, 3, 0, 4, 6],
    }
    rates = {"Income < 70000": 0.15, "Income >= 70000 and Income < 120000": 0.2}
    credits_ = {"Children == 0": 0.0, "Children > 0 and Children < 4": 0.02, "Children > 3": 0.1}
    return {
        "input": pd.DataFrame(people),
        "tax_rates": {**rates, "Income >= 120000": 0.28},
        "tax_credits": credits_,
    }


def _passengers(_: Path) -> dict[str, Any]:
    generator = np.random.default_rng(5)
    rows = 60
    ages = np.where(generator.random(rows) < 0.2, np.nan, generator.integers(1, 80, rows))
    frame = pd.DataFrame(
        {
            "passengerid": range(rows),
            "pclass": generator.integers(1, 4, rows),
            "sex": generator.choice(["male", "female"], rows),
            "age": ages,
            "sibsp": generator.integers(0, 4, rows),
            "parch": generator.integers(0, 3, rows),
            "fare": generator.random(rows) * 90,
            "cabin": generator.choice(["C85", "E46", None], rows),
            "embarked": generator.choice(["S", "C", "Q"], rows),
            "name": [f"Smith, {t}. Jo" for t in generator.choice(["Mr", "Mrs", "Miss"], rows)],
            "ticket": [str(n) for n in range(rows)],
            "survived": generator.integers(0, 2, rows),
        }
    )
    frame.to_csv("passengers.csv", index=False)
    return {
        "location": "passengers.csv",
        "index_col": "passengerid",
        "target_col": "survived",
        "random_state": 4,
        "max_depth": 3,
        "validation_size_fraction": 0.33,
    }


def _titanic(_: Path) -> dict[str, Any]:
    data = pd.read_csv("data/dataset_abridged.csv")
    return {"titanic_data": data, "n_neighbors": 3, "test_size": 0.3}


def _absences(folder: Path) -> dict[str, Any]:
    found = next(folder.rglob("Absenteeism_at_work.csv"))
    return {"location": str(found), "raw_df": pd.read_csv(found, sep=";")}


def _orders(_: Path) -> dict[str, Any]:
    import sqlite3

    client = sqlite3.connect(":memory:")
    pd.read_csv("purchase_data.csv").to_sql("purchase_data", con=client, index=False)
    return {"file_ds_path": "data.csv", "db_client": client}


def _spend(_: Path) -> dict[str, Any]:
    columns = {"spend": [10.0, 10, 20, 40, 40, 50], "signups": [1, 10, 50, 100, 200, 400]}
    return {"input_table": pd.DataFrame(columns)}


def given(**values: Any) -> typing.Callable[[Path], dict[str, Any]]:
    """Inputs that need no folder."""
    return lambda _: dict(values)


_E = "examples/"
_ABSENCE_COLUMNS = (
    *("age", "age_zero_mean_unit_variance", "has_children", "is_summer", "has_pet", "seasons_1"),
    *("day_of_the_week_2", "day_of_the_week_3", "absenteeism_time_in_hours"),
)

CASES = [
    Case(
        _E + "hello_world",
        ("my_functions",),
        frame=("spend", "signups", "avg_3wk_spend", "spend_per_signup", "spend_zero_mean"),
    ),
    Case(
        _E + "data_quality/simple",
        ("data_loaders", "feature_logic"),
        {"execution": "normal"},
        _absences,
        frame=_ABSENCE_COLUMNS,
    ),
    Case(
        _E + "airflow/plugins",
        ("function_modules.data_loaders", "function_modules.feature_logic"),
        {"execution": "normal"},
        _absences,
    ),
    Case(
        _E + "airflow/plugins", ("absenteeism.prepare_data",), {"development_flag": True}, _absences
    ),
    Case(_E + "prefect", ("prepare_data",), {"development_flag": True}, _absences),
    Case(_E + "reusing_functions", ("reusable_subdags",)),
    Case(_E + "model_examples/time-series", ("transforms",)),
    *[
        Case(
            _E + "model_examples/scikit-learn",
            (loader, "my_train_evaluate_logic"),
            {"clf": model, "shuffle_train_test_split": True, "test_size_fraction": 0.5, **more},
        )
        for loader in ("iris_loader", "digit_loader")
        for model, more in (("svm", {"gamma": 0.001}), ("logistic", {"penalty": "l2"}))
    ],
    Case(
        _E + "hamilton_ui",
        ("components.iris_loader", "components.feature_transforms", "components.models"),
        {"case": "parquet"},
        given(gamma=0.01),
    ),
    Case(
        _E + "due_date_probabilities",
        ("base_dates", "probabilities", "probability_estimation"),
        {},
        given(buffer_before_due_date=20, buffer_after_due_date=10, induction_post_due_date_days=9),
    ),
    Case(_E + "openlineage", ("pipeline",), {}, _orders),
    Case(
        _E + "kedro/hamilton-code/src/hamilton_code",
        ("data_processing", "data_science"),
        {},
        given(
            data_dir="../../data",
            test_size=0.2,
            random_state=3,
            features=["engines", "passenger_capacity", "crew"],
        ),
    ),
    Case(
        _E + "numpy/air-quality-analysis",
        ("analysis_flow",),
        {},
        given(
            input_file_name="air-quality-data.csv",
            after_lock_date="2020-03-24T00",
            before_lock_date="2020-03-21T00",
        ),
        reason="draws from a generator without a seed",
        excused=("rng", "after_sample", "before_sample", "p_value", "t_value"),
    ),
    Case(_E + "pandas/split-apply-combine", ("my_functions",), {}, _taxes),
    Case(_E + "pandas/with_columns", ("my_functions",)),
    Case(_E + "pandas/materialization", ("my_functions",)),
    Case(_E + "decoupling_io", ("components.feature_data",), {}, _titanic),
    Case(_E + "lineage", ("data_loading", "features", "sets", "model_pipeline"), {}, _passengers),
    Case(_E + "data_loaders", ("load_data_csv", "prep_data"), {}, given(db_path="test_data")),
    Case(_E + "data_loaders", ("load_data_mock", "prep_data")),
    *[
        Case(_E + "mutate/abstract_functionality_blueprint", (name,))
        for name in (
            *("mutate", "mutate_on_output", "mutate_twice_the_same", "pipe_output"),
            *("pipe_output_on_output", "procedural"),
        )
    ],
    Case(
        _E + "scikit-learn/transformer",
        ("my_functions_a", "my_functions_b"),
        overrides_modules=True,
    ),
    Case(_E + "module_overrides", ("module_a", "module_b"), overrides_modules=True),
    Case(_E + "schema", ("dataflow",)),
    Case(_E + "aws/lambda/app", ("functions",), {}, _spend),
    Case(_E + "caching_nodes/caching_graph_adapter", ("data_loaders", "business_logic")),
    Case(_E + "dask/community_demo", ("my_functions",)),
    Case(_E + "snowflake/hamilton_ui", ("my_functions",)),
    Case(_E + "spark/pyspark_udfs", ("pandas_udfs",)),
    Case(
        _E + "spark/world_of_warcraft",
        ("zone_features__common", "zone_features__pandas"),
        {},
        given(
            zone=pd.Series([" Durotar", " Darkshore", "x", " Durotar"]),
            avatarId=pd.Series([1, 1, 2, 2], name="avatarId"),
            aggregation_level="avatarId",
        ),
    ),
    Case(_E + "parallelism/graceful_running", ("functions",)),
    Case(_E + "parallelism/lazy_threadpool_execution", ("my_functions",)),
    Case(_E + "parallelism/file_processing", ("aggregate_data", "list_data", "process_data")),
    Case(_E + "parallelism/lazy_threadpool_execution", ("my_functions_async",)),
]
"""Examples with what they need to give values."""


def _resource(
    name: str, config: dict[str, Any] | None = None, reason: str = "", **values: Any
) -> Case:
    return Case(".", (f"tests.resources.{name}",), config or {}, given(**values), reason=reason)


_ROWS = pd.DataFrame({"a": [1, 1, 2], "b": [3, 4, 4], "c": [5, 6, 7]})
RESOURCES = [
    *[_resource("config_modifier", {"fizz": kind}) for kind in ("foo", "bar", "baz")],
    _resource("data_quality", data_quality_should_fail=False),
    _resource("data_quality", data_quality_should_fail=True),
    _resource(
        "smoke_screen_module",
        {"region": "US"},
        date_range={"start_date": "20200101", "end_date": "20220801"},
    ),
    _resource(
        "dynamic_config",
        {
            "columns_to_sum_map": {"ab": ["a", "b"], "abc": ["a", "b", "c"]},
            "hamilton.enable_power_user_mode": True,
        },
    ),
    *[_resource("layered_decorators", {"foo": foo}) for foo in ("bar", "baz")],
    *[
        _resource("graceful_parallel", {"test_state": state}, input_maker=4)
        for state in ("pass", "early")
    ],
    _resource("parametrized_inputs"),
    *[
        _resource(name, {"groupby": by}, data_input=_ROWS)
        for name in ("mutate_async", "pipe_async")
        for by in ("a", "b")
    ],
    _resource("simple_async_module", external_input=3),
    _resource("cyclic_functions", reason="a circle is refused here, when it runs by Hamilton"),
]
"""Resources of its tests that want a configuration."""

_CLOCK = "reads the clock"
_READ_ONLY = "changes an array that it was given"
ELSEWHERE = {
    "examples/data_quality/pandera: feature_logic": {
        "day_of_week_encoded_pandera_schema_validator": "its message lists a set",
    },
    "examples/feature_engineering/write_once_run_everywhere_blog_post/components: utils": {
        "fabricate_client_login_data": _CLOCK,
        "query_login_data": _CLOCK,
    },
    "examples/parallelism/file_processing: aggregate_data": {
        "": "what it collects stands in another module of the example",
    },
    "examples/ray/ray_Hamilton_UI_tracking: ray_lineage": {
        "add_1_to_previous": _CLOCK,
        "node_5s": _CLOCK,
    },
    "examples/scikit-learn/species_distribution_modeling: postprocessing_results": {
        "area_under_curve": _READ_ONLY,
        "prediction_background": _READ_ONLY,
        "prediction_background.with_normalize": _READ_ONLY,
    },
}
"""Nodes of all other modules that differ, or an empty name for a module that is refused."""

NO_ROUND_TRIP = {
    "examples/openlineage: pipeline": "pickles hold the name of the module",
    "examples/mutate/abstract_functionality_blueprint: mutate_twice_the_same": "one name for two",
    "examples/parallelism/file_processing: aggregate_data, list_data, process_data": (
        "a class of one of three modules would move to another"
    ),
    "tests/resources: cyclic_functions": "a circle",
}
"""Cases whose modules cannot be exported, or compute something else under another name."""
