"""A SLURM script that runs a cohort as an array of plain jobs, without Dask."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from presight.config import load_config

_SCRIPT = """\
#!/bin/bash
# Runs {tasks} parts of the studies side by side, then the tables and the page of all of them.
# Look at the lines below, and submit with: bash {name}
# Submitting again runs what is missing or stale, and nothing else.
set -euo pipefail

array=$(sbatch --parsable <<'ARRAY'
#!/bin/bash
#SBATCH --job-name=presight
#SBATCH --array=1-{tasks}
#SBATCH --cpus-per-task={cpus}
#SBATCH --mem={memory_gb}G
#SBATCH --time={hours}:00:00
#SBATCH --output={logs}/%A_%a.log
{participants} --part "$SLURM_ARRAY_TASK_ID"/{tasks}
ARRAY
)

# The cohort's tables are written when every part has ended, also where studies failed.
sbatch --dependency=afterany:"${{array%%;*}}" <<'GROUP'
#!/bin/bash
#SBATCH --job-name=presight-group
#SBATCH --cpus-per-task=1
#SBATCH --mem={memory_gb}G
#SBATCH --output={logs}/group.log
{group}
GROUP
"""


def slurm_script(words: Sequence[str], out: Path, tasks: int) -> str:
    """Write the script that does what ``presight <words>`` would do.

    Parameters
    ----------
    words : sequence of str
        Of the command line, without the option that asked for the script.
    out : Path
        Output folder of the run.
    tasks : int
        Parts to divide the studies into.
    """
    settings = load_config("cohort.yaml")["slurm"]
    return _SCRIPT.format(
        tasks=tasks,
        name="presight.slurm.sh",
        logs=shlex.quote(str(out.absolute() / "logs")),
        participants=shlex.join(["presight", *words]),
        group=shlex.join(["presight", "run", ".", str(out.absolute()), "group"]),
        **settings,
    )
