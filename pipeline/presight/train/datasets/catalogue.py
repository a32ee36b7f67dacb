"""Every dataset that can be trained on, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from presight.errors import InputError
from presight.train.datasets.bids import bids_cases
from presight.train.datasets.brats import Brats2021, Brats2023
from presight.train.datasets.case import Case
from presight.train.datasets.dataset import Dataset, checked
from presight.train.datasets.isbi2015 import Isbi2015
from presight.train.datasets.isles2022 import Isles2022
from presight.train.datasets.manifest import manifest_cases
from presight.train.datasets.mslesseg import MsLesSeg
from presight.train.datasets.msseg2016 import Msseg2016
from presight.train.datasets.nnunet import nnunet_cases
from presight.train.datasets.open_ms import OpenMs
from presight.train.datasets.tcga_lgg import TcgaLgg
from presight.train.datasets.wmh2017 import Wmh2017

PUBLIC: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        Wmh2017(),
        Msseg2016(),
        Isbi2015(),
        OpenMs(),
        MsLesSeg(),
        Brats2021(),
        Brats2023(),
        Isles2022(),
        TcgaLgg(),
    )
}
GENERAL: dict[str, Callable[[Path], Iterable[Case]]] = {
    "nnunet": nnunet_cases,
    "bids": bids_cases,
    "manifest": manifest_cases,
}


def cases_of(dataset: str, folder: Path, workspace: Path) -> tuple[Case, ...]:
    """Cases of a dataset as it was downloaded, by name.

    Parameters
    ----------
    dataset : str
        Name of a public dataset, or of a layout: ``"nnunet"``, ``"bids"``, ``"manifest"``.
    folder : Path
        Where it lies; for a manifest, the table.
    workspace : Path
        Folder for images that have to be converted first (the pictures of ``"lgg"``).

    Raises
    ------
    InputError
        There is no such dataset, the folder does not hold it, or two scans have one name.
    """
    if dataset in PUBLIC:
        return PUBLIC[dataset].cases(_present(folder), workspace)
    if dataset in GENERAL:
        return checked(
            GENERAL[dataset](_present(folder)), folder, f"a dataset laid out as {dataset}"
        )
    raise InputError(
        f"there is no dataset called {dataset}",
        expected=f"one of {', '.join([*PUBLIC, *GENERAL])}",
    )


def _present(path: Path) -> Path:
    if not path.exists():
        raise InputError("there is nothing here", where=path, action="Check the path")
    return path
