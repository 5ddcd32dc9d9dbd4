"""models.demo.cpu: threads and number format of this machine."""

from pathlib import Path

import pytest

from models.demo.cpu import default_threads, has_bfloat16, tame_openmp


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 2), (64, 8)])
def test_there_is_a_thread_for_each_core_up_to_a_limit(cores: int, threads: int) -> None:
    assert default_threads(cores) == threads


@pytest.mark.parametrize(
    ("text", "native"),
    [
        ("processor: 0\nflags\t\t: fpu avx512f avx512_bf16\n", True),
        ("Features\t: fp asimd bf16\n", True),
        ("flags\t\t: fpu avx2\n", False),
        ("", False),
    ],
)
def test_bfloat16_is_for_processors_that_multiply_it(tmp_path: Path, text: str, native: bool) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    assert has_bfloat16(tmp_path / "cpuinfo") is native
    assert has_bfloat16(tmp_path / "nothing") is False


def test_threads_wait_without_spinning_unless_the_environment_says_otherwise() -> None:
    environ = {"OMP_WAIT_POLICY": "ACTIVE"}
    tame_openmp(environ, 3)
    assert (environ["OMP_NUM_THREADS"], environ["OMP_WAIT_POLICY"]) == ("3", "ACTIVE")
    assert tame_openmp(fresh := {}, 1) is None
    assert fresh["OMP_WAIT_POLICY"] == "PASSIVE"
