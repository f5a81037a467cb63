"""A wheel of this package, made from the files that are installed here.

A service's environment needs the same ``jupyter_lifecycle.envelope.serving`` that saved the
envelope, also where no index has this version. Only Python files go in: a service has no screens.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_EPOCH = (2020, 1, 1, 0, 0, 0)
_NAME = "jupyter_lifecycle"


def package_files() -> dict[str, bytes]:
    """Read the package's own Python files, by their path in the wheel, in order."""
    import jupyter_lifecycle

    root = Path(jupyter_lifecycle.__file__).parent
    paths = [*root.rglob("*.py"), root / "py.typed"]
    return {
        path.relative_to(root.parent).as_posix(): path.read_bytes()
        for path in sorted(paths)
        if path.exists()
    }


def wheel_digest() -> str:
    """Digest what :func:`build_wheel` would put in, 16 hex digits."""
    digest = hashlib.sha256()
    for path, data in package_files().items():
        digest.update(f"{path} {len(data)} ".encode())
        digest.update(data)
    return digest.hexdigest()[:16]


def build_wheel(folder: Path) -> Path:
    """Write the wheel; the same files give the same bytes.

    Parameters
    ----------
    folder : pathlib.Path
        Where to put it.

    Returns
    -------
    pathlib.Path
        ``jupyter_lifecycle-<version>-py3-none-any.whl`` there.
    """
    from jupyter_lifecycle import __version__

    info = f"{_NAME}-{__version__}.dist-info"
    files = package_files()
    files[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {_NAME}\nVersion: {__version__}\n".encode()
    )
    files[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: jupyter_lifecycle\n"
        b"Root-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = [f"{path},sha256={_digest(data)},{len(data)}" for path, data in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    wheel = folder / f"{_NAME}-{__version__}-py3-none-any.whl"
    with ZipFile(wheel, "w", ZIP_DEFLATED) as archive:
        for path, data in files.items():
            entry = ZipInfo(path, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, ZIP_DEFLATED)
    return wheel


def _digest(data: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
