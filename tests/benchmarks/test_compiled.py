"""A program is built once for each state of its source, and a missing compiler is said plainly."""

from pathlib import Path

import pytest

from benchmarks import compiled
from benchmarks.payloads import REQUEST_BYTES, chat


def test_a_missing_compiler_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a traceback of a subprocess."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(compiled.NoCompiler, match="install gcc"):
        compiled.find_compiler()


def test_the_compilers_complaint_is_passed_on(tmp_path: Path) -> None:
    """The message is the compiler's, and nothing half built is left."""
    source = tmp_path / "wrong.c"
    source.write_text("int main(void) { return nothing; }\n")
    with pytest.raises(compiled.DoesNotCompile, match="nothing"):
        compiled.build(source, tmp_path / "built" / "wrong", compiler=compiled.find_compiler())
    assert list((tmp_path / "built").iterdir()) == []


def test_what_was_built_is_not_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second call needs no compiler."""
    first = compiled.program("load", into=tmp_path)
    monkeypatch.setenv("PATH", "")
    assert compiled.program("load", into=tmp_path) == first


def test_the_request_has_its_size_and_streams_when_asked() -> None:
    """905 bytes; the streamed one only asks for the stream besides."""
    assert len(chat(stream=False)) == REQUEST_BYTES
    assert chat(stream=True) == chat(stream=False)[:-1] + b',"stream":true}'
