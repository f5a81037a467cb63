"""What a service is told about itself."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Beside:
    """Another envelope that answers at the same address.

    Parameters
    ----------
    envelope : str
        Its id.
    directory : str
        Its own directory.
    command : tuple of str
        The program of a service of its own, where its environment is another one; empty where
        it is loaded into the same process.
    capture_folder, window_folder : str
        As those of :class:`Settings`; a service of its own has them in its own page.
    """

    envelope: str
    directory: str
    command: tuple[str, ...] = ()
    capture_folder: str = ""
    window_folder: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """The facts and limits of one service.

    Parameters
    ----------
    endpoint : str
        Name of the endpoint that it serves.
    envelope : str
        Id of the envelope, 40 hex digits.
    deployment : str
        Id of the deployment that made it; empty where somebody started it by hand.
    max_bytes : int
        Largest request body, in bytes; above it the answer is 413.
    threads : int
        How many predictions run at once.
    capture : float
        Share of the answered requests that are captured, 0 to 1.
    capture_bytes : int
        Most bytes that the captured requests may take on disk.
    capture_folder : str
        Where they are written; empty means nowhere.
    window_seconds : int
        How long a window of counts is; 0 counts nothing.
    window_folder : str
        Where windows are written; empty means nowhere.
    window_unit : str
        Input that says what a row is about: each value is counted once a window; empty counts rows.
    window_sends : bool
        Whether the service sends them itself, to where ``$JUPYTER_LIFECYCLE_WINDOWS`` says; it
        counts nothing where that says nothing. Else a deployer fetches them.
    beside : tuple of Beside
        Other envelopes that answer here too, as ``routes.json`` beside the page says.
    exposure_folder : str
        Where it is written who saw which arm of an experiment; empty means nowhere, and no
        experiment is run.
    inner : bool
        Whether another service alone speaks to it, which sends on what it was asked.
    """

    endpoint: str
    envelope: str
    deployment: str = ""
    max_bytes: int = 16 * MIB
    threads: int = 4
    capture: float = 1.0
    capture_bytes: int = 32 * MIB
    capture_folder: str = ""
    window_seconds: int = 3600
    window_folder: str = ""
    window_sends: bool = False
    window_unit: str = ""
    beside: tuple[Beside, ...] = ()
    exposure_folder: str = ""
    inner: bool = False
