"""An envelope in the hand: what is known of it, and what one does with it."""

from __future__ import annotations

import json
import math
import os
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_lifecycle.registry.contents import JSON, Content
from jupyter_lifecycle.registry.origins import KIND as ORIGIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_lifecycle.envelope import Bundle, Proof, Schema
    from jupyter_lifecycle.envelope.signatures import Signature
    from jupyter_lifecycle.registry.facade import Registry
    from jupyter_lifecycle.registry.records import Artifact, EnvelopeRecord, MetricPoint, TagChange

_STYLE = (
    "font:13px/1.45 var(--jp-ui-font-family,system-ui,sans-serif);"
    "color:var(--jp-ui-font-color1,inherit);border:1px solid var(--jp-border-color2,#d5d5d5);"
    "border-radius:4px;padding:8px 12px;max-width:720px;display:inline-block"
)
_MONO = "font-family:var(--jp-code-font-family,ui-monospace,monospace);font-size:12px"
_QUIET = "opacity:.75"
_CHIP = (
    "display:inline-block;border:1px solid var(--jp-border-color2,#d5d5d5);border-radius:999px;"
    "padding:0 8px;margin:2px 4px 0 0;overflow-wrap:anywhere"
)


class Envelope:
    """A saved envelope.

    ``tags`` and ``metrics`` are as they were when it was looked up; :meth:`refresh` looks again.
    Changing them through this handle renews them. All else never changes.

    Parameters
    ----------
    record : EnvelopeRecord
        What the registry said.
    registry : Registry
        Which registry.
    existed : bool
        Whether :meth:`Registry.add` found the same content there already.
    """

    def __init__(
        self, record: EnvelopeRecord, registry: Registry, *, existed: bool = False
    ) -> None:
        self._record = record
        self._registry = registry
        self.existed = existed
        self._bundle: Bundle | None = None

    @property
    def record(self) -> EnvelopeRecord:
        """What the registry said, as a value."""
        return self._record

    @property
    def registry(self) -> Registry:
        """Where it's kept."""
        return self._registry

    @property
    def id(self) -> str:
        """40 hex digits, from the manifest's SHA-256."""
        return self._record.id

    @property
    def short_id(self) -> str:
        """The first ten digits, which is how it's shown."""
        return self._record.id[:10]

    @property
    def name(self) -> str:
        """Its name; versions of a model share one."""
        return self._record.name

    @property
    def author(self) -> str:
        """Who saved it."""
        return self._record.author

    @property
    def created_at(self) -> datetime:
        """When it came into the registry, UTC."""
        return self._record.created_at

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return self._record.size

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags, when it was looked up."""
        return self._record.tags

    @property
    def metrics(self) -> Mapping[str, float]:
        """The latest value of each metric, when it was looked up."""
        return self._record.metrics

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The manifest as JSON; see docs/envelope.md."""
        return self._record.manifest

    @property
    def schema(self) -> Schema:
        """Its inputs and outputs; nothing is downloaded and nothing run for it."""
        from jupyter_lifecycle.envelope import Schema

        return Schema.from_json(self._record.manifest["schema"])

    @property
    def schema_verified(self) -> bool:
        """Whether the model was seen to answer by its schema.

        False for what MLflow wrote, until :meth:`verify` has passed.
        """
        return self._record.manifest.get("verified", True) is not False or "verified" in self.tags

    @property
    def bundle(self) -> Bundle:
        """Its files on this machine, downloaded once and checked."""
        if self._bundle is None:
            self._bundle = self._registry.bundle(self.id)
        return self._bundle

    def read(self, name: str) -> bytes:
        """Give the bytes of one of its files, checked; no other is downloaded and none is run.

        Raises
        ------
        NotFoundError
            It has no file of that name.
        IntegrityError
            The bytes are not what its manifest says.
        """
        return self._registry.read_file(self.id, self.manifest["files"], name)

    def load(self) -> Any:
        """Load the model itself; this runs its code.

        Raises
        ------
        TrustError
            Nobody said that code from this registry may run.
        """
        self._registry.check_trust(self.id)
        return self.bundle.load(trust=True)

    def verify(self, *, limit: float = 600.0) -> Proof:
        """Build its environment anew with uv and replay its example there; this runs its code.

        The proof is kept as an artifact, ``proofs/<time>.json``. Where it passes, the tag
        ``verified`` says with which Python and where, and ``schema = unverified`` goes; where it
        does not, the tag ``verified`` goes.

        Parameters
        ----------
        limit : float
            Seconds that the replay may take.

        Returns
        -------
        Proof
            ``passed``, or the ``reason``; ``pylock`` with the digests of the index's files.

        Raises
        ------
        TrustError
            Nobody said that code from this registry may run.
        """
        self._registry.check_trust(self.id)
        proof = self.bundle.verify(limit=limit)
        name = f"proofs/{datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%f}.json"
        data = json.dumps(proof.to_json(), sort_keys=True).encode()
        self._registry.attach(self.id, {name: Content("proof", JSON, data)})
        if proof.passed:
            self.tag(verified=f"python {proof.python} {proof.platform}"[:200])
            if self.tags.get("schema") == "unverified":
                self.untag("schema")
        elif "verified" in self.tags:
            self.untag("verified")
        return proof

    def sign(self, key: str | None = None) -> Envelope:
        """Sign it with one of this user's keys; the signature is an artifact. Gives itself.

        Parameters
        ----------
        key : str, optional
            The key's name, or a ``.pem`` file; by default the one that saves are signed with.

        Raises
        ------
        EnvelopeError
            There is no such key.
        """
        self._registry.sign(self.id, key)
        return self

    @property
    def origins(self) -> tuple[dict[str, str], ...]:
        """Where it was saved: ``notebook``, ``cell``, ``heading``, as far as they were known."""
        return tuple(self.artifact(one.name) for one in self.artifacts if one.kind == ORIGIN)

    @property
    def signatures(self) -> tuple[Signature, ...]:
        """Who signed it; whether a signature fits is looked at before its code runs."""
        return self._registry.signatures(self.id)

    def export(self, path: str | os.PathLike[str]) -> Path:
        """Write it as one ``.envelope`` file, with its signatures.

        Parameters
        ----------
        path : path-like
            The file; ``.envelope`` is added where it has no ending. Replaced whole if it exists.
        """
        from jupyter_lifecycle.envelope.signatures import write_signatures

        write_signatures(self.bundle.path, self.signatures)
        return self.bundle.export(path)

    def predict(self, rows: Any = None) -> Any:
        """Answer rows with the model, checked by its schema; this runs its code.

        Parameters
        ----------
        rows : DataFrame, dict, list of dict, optional
            A frame, one dict of arguments, a list of such, or nothing for what takes none.

        Raises
        ------
        InputError
            The schema refuses the rows; ``detail["problems"]`` has paths and reasons.
        TrustError
            Nobody said that code from this registry may run.
        """
        self._registry.check_trust(self.id)
        return self.bundle.predict(rows)

    def tag(self, tags: Mapping[str, str] | None = None, /, **more: str) -> Envelope:
        """Set tags: ``envelope.tag(approved="yes")``; a mapping takes odd keys. Gives itself."""
        self._record = self._registry.tag(self.id, {**(tags or {}), **more}).record
        return self

    def untag(self, *keys: str) -> Envelope:
        """Remove tags; one that is not there is no error. Gives itself."""
        self._record = self._registry.tag(self.id, {}, keys).record
        return self

    def log_metrics(
        self,
        metrics: Mapping[str, Any] | None = None,
        /,
        *,
        step: int | None = None,
        **more: Any,
    ) -> Envelope:
        """Log metrics: ``envelope.log_metrics(mae=12.7, step=3)``. Gives itself.

        Parameters
        ----------
        metrics, **more
            A number each; a list, array or Series of numbers by step, counted from 0; a dict of
            step and number; or what :func:`jupyter_lifecycle.confusion_matrix`, ``roc_curve`` and
            ``pr_curve`` give: queries see its accuracy or area, and the whole of it is the
            artifact ``metrics/<key>``.
        step : int, optional
            Of the numbers.
        """
        values = {**(metrics or {}), **more}
        self._record = self._registry.log_metrics(self.id, values, step).record
        return self

    def attach(self, name: str | os.PathLike[str], value: Any = ...) -> Envelope:
        """Add an artifact, for good: ``envelope.attach("residuals.png", figure)``. Gives itself.

        Parameters
        ----------
        name : str or path
            What it's called, such as ``plots/residuals.png``; alone it's the path of a file,
            which keeps its name.
        value : object, optional
            A ``Path``, bytes, a text, a figure, a frame or Series, or a value of JSON.

        Raises
        ------
        ConflictError
            It has another artifact of that name: artifacts never change.
        InvalidValueError
            The name or value cannot be.
        """
        if value is ...:
            value = Path(name)
            name = value.name
        self._registry.attach(self.id, {os.fspath(name): value})
        return self

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """What was added to it, oldest first; looked up each time."""
        return self._registry.artifacts(self.id)

    def artifact(self, name: str) -> Any:
        """Give what was attached: a frame, matrix, curve, value or text; else its bytes.

        Raises
        ------
        NotFoundError
            It has no artifact of that name.
        IntegrityError
            What came is not what its digest says.
        """
        from jupyter_lifecycle.registry.contents import value_of

        return value_of(*self._registry.read_artifact(self.id, name))

    def history(self) -> tuple[TagChange, ...]:
        """Every change of every tag, oldest first."""
        return self._registry.tag_history(self.id)

    def metric_history(self, key: str) -> tuple[MetricPoint, ...]:
        """Every logged value of a metric, in the order in which they came."""
        return self._registry.metric_history(self.id, key)

    def refresh(self) -> Envelope:
        """Look up tags and metrics again. Gives itself."""
        self._record = self._registry.get(self.id).record
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Envelope) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        labels = "".join(f" {key}={value}" for key, value in self.tags.items())
        figures = "".join(f" {key}={figure(value)}" for key, value in self.metrics.items())
        return f"<Envelope {self.name} {self.short_id}{labels}{figures}>"

    def _repr_html_(self) -> str:
        saved = self.created_at.strftime("%Y-%m-%d %H:%M UTC")
        facts = f"{saved} · {escape(self.author)} · {bytes_text(self.size)}"
        metrics = " · ".join(
            f'{escape(key)} <b style="font-variant-numeric:tabular-nums">{figure(value)}</b>'
            for key, value in list(self.metrics.items())[:12]
        )
        chips = "".join(
            f'<span style="{_CHIP}"><span style="{_QUIET}">{escape(key)}</span>'
            f" {_cut(value)}</span>"
            for key, value in list(self.tags.items())[:24]
        )
        more = [f"<div>{metrics}</div>"] if metrics else []
        more += [f"<div>{chips}</div>"] if chips else []
        return (
            f'<div style="{_STYLE}"><div><b>{escape(self.name)}</b>'
            f' <span style="{_MONO}" title="{escape(self.id)}">{escape(self.short_id)}</span></div>'
            f'<div style="{_QUIET}">{facts}</div>{"".join(more)}</div>'
        )


def figure(value: float) -> str:
    """Write a metric as it's shown: three significant digits, whole numbers whole."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    magnitude = math.floor(math.log10(abs(value)))
    if -4 <= magnitude < 6:
        return f"{value:,.{max(2 - magnitude, 0)}f}"
    return f"{value:.3g}"


def bytes_text(size: int) -> str:
    """Write a number of bytes as it's shown: ``1.4 MB``."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return (
                f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
            )
        amount /= 1000
    return f"{amount:.1f} TB"


def _cut(text: str) -> str:
    return escape(text if len(text) <= 80 else text[:79] + "…")
