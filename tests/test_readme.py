"""What the README promises runs: two commands, and every example that needs no other package."""

import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text()
EXAMPLES = [block for block in re.findall(r"```python\n(.*?)```", README, re.S) if "mylib" not in block]


def test_the_first_code_block_holds_the_two_commands():
    commands = re.search(r"```\n(.*?)```", README, re.S).group(1).splitlines()
    assert len(commands) == 2
    assert all(command.startswith("pip install ") and " && " in command for command in commands)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_examples_run(example, capsys):
    exec(compile(example, "README.md", "exec"), {})
    capsys.readouterr()
