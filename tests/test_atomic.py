"""Atomic writes: whole or not at all; and a progress line that only a terminal sees."""

import io
import os

import pytest

from refsort.atomic import atomic_write
from refsort.progress import Progress


def test_a_file_is_replaced_when_the_block_ends(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with atomic_write(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def interrupted():
        with atomic_write(path) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_files_get_the_usual_permissions(tmp_path):
    with atomic_write(tmp_path / "a.txt") as file:
        file.write(b"x")
    (tmp_path / "b.txt").write_text("x")
    assert os.stat(tmp_path / "a.txt").st_mode == os.stat(tmp_path / "b.txt").st_mode


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_seen_on_a_terminal_alone():
    for stream, silent in ((io.StringIO(), True), (Terminal(), False)):
        with Progress("step", 3, stream) as progress:
            progress.update(3, "loss 0.5")
        assert (stream.getvalue() == "") == silent
    assert "step 3/3" in stream.getvalue()
    assert "loss 0.5" in stream.getvalue()
    assert stream.getvalue().endswith("\r\033[K")  # the line is gone when the work is done


def test_the_line_of_progress_makes_room_for_other_lines():
    stream = Terminal()
    with Progress("step", 3, stream) as progress:
        progress.update(3, "loss 0.5")
        progress.clear()
        assert stream.getvalue().endswith("loss 0.5\r\033[K")
