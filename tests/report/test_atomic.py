"""A file appears whole or not at all, and the reason is said in a sentence."""

import os
import resource
import subprocess
import sys

import pytest

from presight.errors import OutputError
from presight.report.atomic import write_atomically, write_text
from presight.report.derivatives import write_study


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "new" / "a.txt"
    write_text(path, "first")
    write_text(path, "second")
    assert path.read_text() == "second"
    assert names(tmp_path) == ["new", "new/a.txt"]


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "first")

    def half(file):
        file.write(b"sec")
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        write_atomically(path, half)
    assert path.read_text() == "first"
    assert names(tmp_path) == ["a.txt"]


def test_others_may_read_what_was_written(tmp_path):
    path = tmp_path / "a.txt"
    before = os.umask(0o022)
    try:
        write_text(path, "x")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_folder_that_is_a_file_is_said_so(tmp_path):
    (tmp_path / "out").write_text("not a folder")
    with pytest.raises(OutputError, match=r"cannot be written .*--out"):
        write_text(tmp_path / "out" / "a.txt", "x")


def test_a_folder_without_permission_is_said_so(tmp_path):
    """Root may write anywhere, so the writing is done as somebody else."""
    tmp_path.chmod(0o755)
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    code = _as_nobody(f"write_text(Path({str(locked)!r}) / 'a.txt', 'x')")
    assert "permission denied" in code
    assert "Choose a folder that you may write to" in code
    assert names(locked) == []


def test_a_full_disk_is_said_so_and_leaves_nothing(result, mounted):
    disk = mounted("size=64k")
    with pytest.raises(OutputError, match=r"no space left.*Free some space"):
        write_study(result, disk / "out")
    assert not [name for name in names(disk) if "sub-" in name or name.endswith(".part")]


def test_a_disk_that_may_not_be_written_to_is_said_so(result, mounted):
    disk = mounted("ro")
    with pytest.raises(OutputError, match=r"read-only.*that you may write to"):
        write_study(result, disk / "out")
    assert names(disk) == []


def test_a_file_size_limit_is_said_so_and_leaves_nothing(result, tmp_path):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, limit[1]))
    try:
        with pytest.raises(OutputError, match="file too large"):
            write_study(result, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert not [name for name in names(tmp_path) if "sub-" in name or name.endswith(".part")]


@pytest.fixture
def mounted(tmp_path):
    """Mount a disk in memory: ``mounted("size=64k")``. Needs root."""
    disks = []

    def mount(options):
        disk = tmp_path / f"disk{len(disks)}"
        disk.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("mounting a disk needs root")
        disks.append(disk)
        return disk

    yield mount
    for disk in disks:
        subprocess.run(["umount", str(disk)], check=True)


def _as_nobody(call):
    """Run ``call`` as a user without rights and return what it said."""
    script = (
        "from pathlib import Path\n"
        "from presight.errors import OutputError\n"
        "from presight.report.atomic import write_text\n"
        "import os\n"
        "if os.geteuid() == 0:\n"
        "    os.setuid(65534)\n"
        "try:\n"
        f"    {call}\n"
        "except OutputError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr
