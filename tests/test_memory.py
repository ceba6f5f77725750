"""Memory that is freed stays for the next step."""

import subprocess
import sys

import pytest

COUNT_PAGES = """
import resource
import minigrad as mg
pages = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
step = lambda: [mg.ones(1 << 19) for _ in range(8)]  # 8 times 2 MiB, 512 pages of 4 KiB each
step()
before = pages()
for _ in range(10):
    step()
print(pages() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc can be told")
def test_the_next_step_takes_the_same_memory():
    out = subprocess.run([sys.executable, "-c", COUNT_PAGES], capture_output=True, check=True)
    assert int(out.stdout) < 512
