"""A printed script, run as its reader would run it: by itself, where neither refsort nor Hypothesis can be imported."""

import subprocess
import sys

BLOCKED = """
import runpy, sys
for name in ("refsort", "hypothesis", "scipy", "pytest"):
    sys.modules[name] = None
runpy.run_path(sys.argv[1])
"""


def run(text, folder, code=0):
    """What the script prints, in a folder of its own, with no path to this package; its errors where it should fail."""
    (folder / "script.py").write_text(text)
    command = [sys.executable, "-I", "-c", BLOCKED, str(folder / "script.py")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=60)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr
