"""A trained network with everything that is needed to use it: a MONAI bundle, checked."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from presight.errors import ConfigError
from presight.segment.device import OPENVINO, select_device
from presight.segment.trust import TrustSettings

if TYPE_CHECKING:
    from torch import nn

METADATA = Path("configs/metadata.json")
INFERENCE = Path("configs/inference.json")


class WeightSettings(BaseModel):
    """Which weights a bundle has; kept under ``presight`` in its metadata with all the rest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: str  # file, relative to the bundle
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


SettingsType = TypeVar("SettingsType", bound=WeightSettings)


class Settings(WeightSettings):
    """How the network of hyperintensity is to be used."""

    intensity_clip: tuple[float, float]  # commonest brain intensity is 1
    size_multiple: int = Field(ge=1)  # the network takes sizes that are a multiple of this
    box_margin_mm: int = Field(ge=0)  # around the brain
    brain_dilation_mm: int = Field(ge=0)  # no lesion further than this outside the brain mask
    largest_box_voxels: int = Field(ge=1)  # beyond it a sliding window is used
    window_mm: int = Field(ge=1)
    window_overlap: float = Field(ge=0, lt=1)
    temperature: float = Field(gt=0)
    threshold: float = Field(gt=0, lt=1)
    smallest_lesion_mm3: float = Field(ge=0)
    small_lesion_ml: float = Field(default=0, ge=0)
    small_lesion_mean: float = Field(default=0, ge=0, lt=1)  # probability one under it needs
    trust: TrustSettings = TrustSettings()


@dataclass(frozen=True)
class BundleIdentity:
    """Which bundle it is.

    Attributes
    ----------
    name, version : str
    sha256 : str
        Of the weights file.
    """

    name: str
    version: str
    sha256: str

    @property
    def id(self) -> str:
        """Name, version and checksum: what a result says it was made with."""
        return f"{self.name} {self.version} sha256:{self.sha256}"


@dataclass(frozen=True)
class Bundle(BundleIdentity):
    """A loaded bundle.

    Attributes
    ----------
    network : torch.nn.Module
        In evaluation mode, float32, on the CPU; takes (1, 1, X, Y, Z), gives logits of that shape.
    settings : Settings
    """

    network: nn.Module
    settings: Settings


def identify_bundle(folder: Path) -> BundleIdentity:
    """Check a bundle's metadata and weights file, and build no network: that takes seconds.

    Raises
    ------
    ConfigError
        As in :func:`load_bundle`, but for what shows only when the network is built.
    """
    metadata, settings = _checked(folder, Settings)
    return BundleIdentity(*_name(metadata, folder), settings.sha256)


def weights_sha256(folder: Path, kind: type[WeightSettings] = Settings) -> str:
    """Checksum that a bundle's metadata give of its weights; compared when they are loaded.

    Raises
    ------
    ConfigError
        The metadata cannot be read.
    """
    return _settings(_metadata(folder), folder, kind).sha256


def load_bundle(folder: Path, device: str = "auto") -> Bundle:
    """Read and check a bundle.

    A bundle's configuration can name any Python object, so it is code: load only bundles that
    you trust. Its weights are data and are read as such.

    Parameters
    ----------
    folder : Path
        With ``configs/metadata.json``, ``configs/inference.json`` (its ``network_def`` is built)
        and the weights.
    device : str
        As in :func:`presight.segment.device.select_device`; only ``openvino`` makes a difference.

    Raises
    ------
    ConfigError
        A file is missing or unreadable, the weights are not the ones the metadata describe, or
        they do not fit the network.
    """
    loaded = load_network(folder, Settings, device)
    return Bundle(
        loaded.name, loaded.version, loaded.settings.sha256, loaded.network, loaded.settings
    )


@dataclass(frozen=True)
class LoadedNetwork(Generic[SettingsType]):
    """What every bundle holds: a network in evaluation mode, and how it is to be used."""

    name: str
    version: str
    network: nn.Module
    settings: SettingsType


def load_network(
    folder: Path, kind: type[SettingsType], device: str = "auto"
) -> LoadedNetwork[SettingsType]:
    """Read and check the network of a bundle whose settings are of a kind.

    Raises
    ------
    ConfigError
        As in :func:`load_bundle`.
    """
    metadata, settings = _checked(folder, kind)
    if device == OPENVINO:
        from presight.segment.openvino import compiled  # noqa: PLC0415 (torch takes a second)

        made_from = f"{settings.sha256} {_sha256(folder / INFERENCE)}"
        network = compiled(made_from, lambda: _trained(_network(folder), folder, settings))
    else:
        network = _trained(_quickly(folder, device), folder, settings)
    return LoadedNetwork(*_name(metadata, folder), network, settings)


def _checked(folder: Path, kind: type[SettingsType]) -> tuple[dict[str, Any], SettingsType]:
    """Metadata and settings of a bundle whose weights are those that its metadata describe."""
    metadata = _metadata(folder)
    settings = _settings(metadata, folder, kind)
    weights = folder / settings.weights
    checksum = _sha256(weights)
    if checksum != settings.sha256:
        raise ConfigError(
            f"the weights have sha256 {checksum[:12]}...",
            where=weights,
            expected=f"{settings.sha256[:12]}... as the metadata say",
            action="Install presight again, or take the bundle from where it was published",
        )
    return metadata, settings


def _name(metadata: dict[str, Any], folder: Path) -> tuple[str, str]:
    return str(metadata.get("name", folder.name)), str(metadata.get("version", "unknown"))


def _metadata(folder: Path) -> dict[str, Any]:
    path = folder / METADATA
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConfigError(
            f"the bundle's metadata cannot be read ({error})",
            where=path,
            expected="a MONAI bundle folder",
        ) from error
    if not isinstance(content, dict):
        raise ConfigError("the bundle's metadata are not a JSON object", where=path)
    return content


def _settings(metadata: dict[str, Any], folder: Path, kind: type[SettingsType]) -> SettingsType:
    try:
        return kind.model_validate(metadata.get("presight", {}))
    except ValidationError as error:
        first = error.errors()[0]
        setting = ".".join(("presight", *(str(part) for part in first["loc"])))
        raise ConfigError(f"{setting}: {first['msg']}", where=folder / METADATA) from error


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ConfigError(f"the file cannot be read ({error})", where=path) from error


def _trained(network: nn.Module, folder: Path, settings: WeightSettings) -> nn.Module:
    _load_weights(network, folder / settings.weights)
    return network.eval()


def _quickly(folder: Path, device: str) -> nn.Module:
    """Network without its weights; for the CPU what is known of it from an earlier time."""
    definition = _of_libraries(folder)
    if not definition or select_device(device).type != "cpu":
        return _network(folder)
    from presight.segment.traced import traced  # noqa: PLC0415 (torch takes a second)

    return traced(definition, lambda: _network(folder).eval())


def _of_libraries(folder: Path) -> str:
    """Definition of a network whose code changes with the versions of libraries alone, or none."""
    try:
        content = json.loads((folder / INFERENCE).read_text(encoding="utf-8"))
        definition = json.dumps(content["network_def"], sort_keys=True)
    except (OSError, ValueError, KeyError, TypeError):
        return ""  # building it says what is wrong
    targets = re.findall(r'"_target_": "([^"]*)', definition)
    known = all(target.startswith(("monai.", "presight.", "torch.")) for target in targets)
    return definition if known and not re.search(r'"[$@%]', definition) else ""


def _network(folder: Path) -> nn.Module:
    # MONAI brings in half of scientific Python; what needs no network need not wait for that.
    from monai.bundle import ConfigParser  # noqa: PLC0415
    from torch import nn  # noqa: PLC0415

    path = folder / INFERENCE
    try:
        parser = ConfigParser()
        parser.read_config(str(path))
        network = parser.get_parsed_content("network_def")
    except Exception as error:  # whatever the named objects raise
        raise ConfigError(f"network_def cannot be built ({error})", where=path) from error
    if not isinstance(network, nn.Module):
        raise ConfigError("network_def is not a network", where=path)
    return network


def _load_weights(network: nn.Module, path: Path) -> None:
    import torch  # noqa: PLC0415 (takes a second; what only names a bundle goes without)

    try:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torch raises what unpickling raises
        raise ConfigError("the weights do not fit the network", where=path) from error
