"""The extras that a sweep file names: packages that only some measurements need."""

from importlib import metadata

from packaging.requirements import Requirement

from rmt_hessian.sweep.grid import ConfigError

PACKAGE = "rmt_hessian"


def require_extras(extras, path):
    """Raise `ConfigError`, a line that says what to install, if a package of an extra is missing.

    ``path``, of the sweep file, is for the message.
    """
    for extra in extras:
        if lacking := missing_packages(extra):
            wanted = f"pip install '{PACKAGE}[{extra}]'"
            raise ConfigError(f"{path}: needs {', '.join(lacking)}: {wanted}")


def missing_packages(extra):
    """Packages of an extra that are not installed; the extra's own name if there is no such one."""
    requirements = [Requirement(text) for text in metadata.requires(PACKAGE) or ()]
    wanted = [r.name for r in requirements if r.marker and _only_by(r.marker, extra)]
    known = metadata.metadata(PACKAGE).get_all("Provides-Extra") or []
    return [name for name in wanted if not _installed(name)] if extra in known else [extra]


def _only_by(marker, extra):
    """Whether an extra asks for it, on this Python."""
    return marker.evaluate({"extra": extra}) and not marker.evaluate({"extra": ""})


def _installed(name):
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True
