"""From an envelope to a program that can be started: environment, page of code, paths."""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_lifecycle.deployment.company import Companion, Crew
from jupyter_lifecycle.deployment.environment import Environments, Interpreter
from jupyter_lifecycle.deployment.memory import Placed
from jupyter_lifecycle.deployment.process import Program
from jupyter_lifecycle.deployment.prune import INTERPRETER
from jupyter_lifecycle.deployment.service.settings import Beside, Settings
from jupyter_lifecycle.deployment.template import service_source
from jupyter_lifecycle.errors import DeploymentError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

    from jupyter_lifecycle.deployment.environment import Choice
    from jupyter_lifecycle.deployment.options import Options
    from jupyter_lifecycle.deployment.place import Place
    from jupyter_lifecycle.deployment.service.routes import Routes
    from jupyter_lifecycle.envelope import Bundle
    from jupyter_lifecycle.registry import Registry

_SPARE = 1024
_SECRET_LENGTH = 4  # striking shorter ones out would only make a log unreadable


class Launcher:
    """Writes the programs of one endpoint.

    Parameters
    ----------
    endpoint : str
        Its name.
    registry : Registry
        Has the envelopes.
    place : Place
        Where programs and environments are kept.
    """

    def __init__(self, endpoint: str, registry: Registry, place: Place) -> None:
        self._endpoint = endpoint
        self._registry = registry
        self._place = place
        self._environments = Environments(place.environments)

    def bundle(self, envelope: str) -> Bundle:
        """Get an envelope's files, and see that its code may run.

        Raises
        ------
        TrustError
            Where nobody said so for this registry.
        IntegrityError
            Where a file is not what its digest says.
        """
        self._registry.check_trust(envelope)
        bundle = self._registry.bundle(envelope)
        bundle.verify_files()
        return bundle

    def environment(
        self,
        bundle: Bundle,
        options: Options,
        say: Callable[[str], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Interpreter:
        """Find or build the interpreter that an envelope needs.

        Raises
        ------
        BuildError
            Where it cannot be built.
        Cancelled
            Where `cancelled` said so.
        """
        choice: Choice = "build" if options.environment == "build" else "auto"
        return self._environments.prepare(
            bundle.manifest.environment, choice=choice, say=say, cancelled=cancelled
        )

    def companions(
        self,
        envelopes: Iterable[str],
        alone: Container[str],
        options: Options,
        say: Callable[[str], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> tuple[Companion, ...]:
        """Get the files and interpreters of other envelopes that are to answer too.

        Raises
        ------
        TrustError, IntegrityError, BuildError, Cancelled
            As for the main one.
        """
        found = []
        for envelope in envelopes:
            bundle = self.bundle(envelope)
            interpreter = self.environment(bundle, options, say, cancelled)
            found.append(Companion(bundle, interpreter, envelope in alone))
        return tuple(found)

    def write(
        self, crew: Crew, options: Options, deployment: str, routes: Routes
    ) -> tuple[Placed, Program]:
        """Write ``service.py`` and ``routes.json`` into a folder of their own."""
        main, others = crew.main, crew.others
        bundle, interpreter = main.bundle, main.interpreter
        _check_unit(bundle, options.window_unit)
        folder = self._place.new_service(self._endpoint, f"{deployment}-{secrets.token_hex(3)}")
        example = bundle.files[bundle.manifest.example.file].size
        settings = Settings(
            endpoint=self._endpoint,
            envelope=bundle.id,
            deployment=deployment,
            max_bytes=max(options.max_bytes, example + _SPARE),
            threads=options.threads,
            capture=options.capture,
            capture_bytes=options.capture_bytes,
            capture_folder=str(self._place.captures_of(self._endpoint, bundle.id)),
            window_seconds=options.window_seconds,
            window_unit=options.window_unit,
            window_folder=str(self._place.windows_of(self._endpoint, bundle.id)),
            beside=tuple(self._beside(one, main, folder, options) for one in others),
            exposure_folder=str(self._place.exposures_of(self._endpoint)),
        )
        routes.write(folder)
        script = folder / "service.py"
        script.write_text(service_source(settings, bundle.path), encoding="utf-8")
        (folder / INTERPRETER).write_text(str(interpreter.path), encoding="utf-8")
        command = [str(interpreter.path), str(script)]
        placed = replace(
            self._placed(bundle.id, deployment, folder, options),
            beside=tuple(one.bundle.id for one in others),
        )
        control, log = self.paths(placed)
        hidden = self.secrets(options)
        program = Program(
            command,
            folder,
            control,
            log,
            isolated=interpreter.isolated,
            variables={**options.env, **hidden},
            hidden=tuple(value for value in hidden.values() if len(value) >= _SECRET_LENGTH),
        )
        return placed, program

    def _beside(self, one: Companion, main: Companion, folder: Path, options: Options) -> Beside:
        """Say how another envelope runs: in the same process, or as a service of its own."""
        captures = str(self._place.captures_of(self._endpoint, one.bundle.id))
        windows = str(self._place.windows_of(self._endpoint, one.bundle.id))
        if one.interpreter.path == main.interpreter.path and not one.alone:
            return Beside(one.bundle.id, str(one.bundle.path), (), captures, windows)
        own = folder / one.bundle.id[:10]
        own.mkdir(mode=0o700, exist_ok=True)
        settings = Settings(
            endpoint=self._endpoint,
            envelope=one.bundle.id,
            max_bytes=options.max_bytes,
            threads=options.threads,
            capture=options.capture,
            capture_bytes=options.capture_bytes,
            capture_folder=captures,
            window_seconds=options.window_seconds,
            window_unit=options.window_unit,
            window_folder=windows,
            inner=True,
        )
        script = own / "service.py"
        script.write_text(service_source(settings, one.bundle.path), encoding="utf-8")
        (own / INTERPRETER).write_text(str(one.interpreter.path), encoding="utf-8")
        command = (str(one.interpreter.path), str(script))
        return Beside(one.bundle.id, str(one.bundle.path), command)

    def secrets(self, options: Options) -> dict[str, str]:
        """Look the secrets of a rule up in this process's environment.

        Raises
        ------
        DeploymentError
            Where one is not there.
        """
        found = {}
        for variable, reference in options.secrets.items():
            source = reference.removeprefix("env:")
            if source not in os.environ:
                raise DeploymentError(
                    f"The secret {variable} of {self._endpoint} is {reference}, and the deployer's "
                    f"environment has no {source}. Start the deployer with it, then write the "
                    "rule again.",
                    fact=f"no {source} in the deployer's environment",
                )
            found[variable] = os.environ[source]
        return found

    def write_closed(self, reason: str, options: Options) -> tuple[Placed, Program]:
        """Prepare the program that answers 503 with a reason."""
        folder = self._place.new_service(self._endpoint, f"closed-{secrets.token_hex(6)}")
        placed = self._placed("", "", folder, options, reason)
        module = "jupyter_lifecycle.deployment.service.closed"
        command = [sys.executable, "-m", module, self._endpoint, reason]
        control, log = self.paths(placed)
        return placed, Program(command, folder, control, log)

    def paths(self, placed: Placed) -> tuple[Path, Path]:
        """Give the control socket and the log of a process."""
        return Path(placed.control), Path(placed.folder) / "service.log"

    def _placed(
        self, envelope: str, deployment: str, folder: Path, options: Options, reason: str = ""
    ) -> Placed:
        control = str(self._place.new_control())
        return Placed(envelope, deployment, control, str(folder), options.to_json(), reason)


def _check_unit(bundle: Bundle, unit: str) -> None:
    """Refuse a unit that no request has: nothing would be told apart by it."""
    names = [field.name for field in bundle.schema.inputs]
    if unit and unit not in names:
        near = did_you_mean(unit, names)
        raise DeploymentError(
            f"window_unit is {unit}, which is no input of {bundle.id[:10]}.{near}",
            fact=f"no input {unit}",
        )
