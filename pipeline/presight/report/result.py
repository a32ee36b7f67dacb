"""Everything known about one study once the last stage has run."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from presight import __version__
from presight.follow_up.comparison import Comparison
from presight.measure.findings import Findings
from presight.preprocess.prepared import Prepared
from presight.score.assessment import Assessment
from presight.segment.lesions import Lesions
from presight.study.study import Study

LIBRARIES = ("torch", "monai", "numpy", "scipy", "nibabel", "SimpleITK")
_OF_THE_RUN = ("seconds", "peak_memory_mb")


@dataclass(frozen=True)
class ModelInfo:
    """The model that found the hyperintensity."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Provenance:
    """What made a result.

    Attributes
    ----------
    presight, python : str
        Versions.
    libraries : mapping of str to str
        Versions of the libraries that numbers depend on.
    bundle : ModelInfo
    settings : mapping
        Settings of the run, JSON-able.
    device : str
        ``"cpu"``, ``"cuda"``.
    inputs : mapping of str to str
        Names of the files that came in, by contrast; never a path.
    seconds : mapping of str to float
        Time of each stage.
    fingerprint : str
        Hash of everything that the result depends on; empty where nobody asked for one.
    peak_memory_mb : float or None
    """

    presight: str
    python: str
    libraries: Mapping[str, str]
    bundle: ModelInfo
    settings: Mapping[str, Any]
    device: str
    inputs: Mapping[str, str]
    seconds: Mapping[str, float]
    fingerprint: str = ""
    peak_memory_mb: float | None = None

    def of_the_study(self) -> dict[str, Any]:
        """Leave out time and memory: what stays is the same whenever the study is run again."""
        return {key: value for key, value in asdict(self).items() if key not in _OF_THE_RUN}


@dataclass(frozen=True)
class StudyResult:
    """One study with what every stage made of it."""

    study: Study
    prepared: Prepared
    lesions: Lesions
    findings: Findings
    assessment: Assessment
    provenance: Provenance
    comparison: Comparison | None = None  # with an earlier scan, where there is one


def make_provenance(
    study: Study,
    bundle: ModelInfo,
    *,
    settings: Mapping[str, Any],
    device: str,
    seconds: Mapping[str, float],
    fingerprint: str = "",
    peak_memory_mb: float | None = None,
) -> Provenance:
    """Provenance of ``study`` with the versions that are installed here."""
    return Provenance(
        presight=__version__,
        python=platform.python_version(),
        libraries=library_versions(),
        bundle=bundle,
        settings=dict(settings),
        device=device,
        inputs=_input_names(study),
        seconds=dict(seconds),
        fingerprint=fingerprint,
        peak_memory_mb=peak_memory_mb,
    )


def library_versions(names: Iterable[str] = LIBRARIES) -> dict[str, str]:
    """Installed versions of the libraries that results depend on."""
    return {name: version(name) for name in names}


def _input_names(study: Study) -> dict[str, str]:
    return {
        contrast.value: volume.source.name
        for contrast, volume in sorted(study.volumes.items())
        if volume.source is not None
    }
