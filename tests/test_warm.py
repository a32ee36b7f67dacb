"""A run imports what its first stages need, the rest beside them, and most libraries never."""

import gc
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from presight.config import load_config, overridden
from presight.threads import submit
from presight.warm import importing

SLOW = ("torch", "monai", "pint", "matplotlib", "pandas", "pyarrow", "scipy.optimize", "highdicom")


def in_a_new_process(code):
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.split()


def test_the_command_begins_without_slow_libraries():
    code = "import sys, presight.commands.run; print(*sys.modules)"
    assert not set(SLOW) & set(in_a_new_process(code))


def test_the_processor_is_named_without_torch():
    code = """
import sys
from presight.segment.device import device_name
print(device_name("cpu"), device_name("openvino"), "torch" in sys.modules)
from presight.segment.device import select_device
print(device_name("auto") == str(select_device("auto")))
"""
    assert in_a_new_process(code) == ["cpu", "openvino", "False", "True"]


def test_what_is_made_ready_is_neither_monai_nor_drawing():
    code = "import sys, presight.warm as w; w.make_ready(); print(*sys.modules)"
    found = set(in_a_new_process(code))
    assert {"torch", "scipy.optimize"} <= found
    assert not {"monai", "matplotlib", "highdicom"} & found


def test_after_importing_all_is_as_before():
    before = gc.isenabled(), sys.getswitchinterval()
    with importing():
        assert not gc.isenabled()
    with pytest.raises(ImportError), importing():
        raise ImportError
    assert (gc.isenabled(), sys.getswitchinterval()) == before


def test_a_thread_takes_the_settings_along():
    with ThreadPoolExecutor() as pool, overridden({"preprocess": {"bias": {"shrink": 3}}}):
        alone = pool.submit(load_config, "preprocess.yaml").result()
        along = submit(pool, load_config, "preprocess.yaml").result()
    assert (alone["bias"]["shrink"], along["bias"]["shrink"]) == (6, 3)
