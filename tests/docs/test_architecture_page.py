"""The pictures of the architecture are the code's own: stages in their order, states as the code draws them."""

import ast
import re
import textwrap
from xml.etree import ElementTree

from gateway import inference
from tests.docs.documents import ROOT, fences, section

PAGE = ROOT / "docs" / "architecture.md"
PICTURE = ROOT / "docs" / "pictures" / "request.svg"


def stages() -> list[str]:
    """The stages' names, in the order of the list that tells a request's story."""
    tree = ast.parse((ROOT / "gateway" / "stages" / "standard.py").read_text())
    returned = next(node for node in ast.walk(tree) if isinstance(node, ast.Return))
    assert isinstance(returned.value, ast.Tuple)
    names = [ast.unparse(one.func if isinstance(one, ast.Call) else one) for one in returned.value.elts]
    return [name[0].upper() + name[1:] for name in names]


def test_the_picture_shows_the_stages_in_their_order() -> None:
    shown = [text.text for text in ElementTree.parse(PICTURE).iter("{http://www.w3.org/2000/svg}text")
             if "name" in text.get("class", "").split()]
    assert [name for name in shown if name in stages()] == stages()


def test_the_table_has_the_stages_in_their_order() -> None:
    rows_in_order = re.findall(r"^\| ([A-Z]\w+) \|", section(PAGE, "The life of an exchange"), flags=re.MULTILINE)
    assert rows_in_order == stages()


def test_the_states_of_an_inference_are_drawn_as_in_the_code() -> None:
    drawing = (inference.__doc__ or "").split("\n\n")[1]
    assert textwrap.dedent(drawing).strip() in {fence.text.strip() for fence in fences(PAGE)}
