"""Addresses of the internet: e-mail, IP, MAC, links, and the credentials that links carry."""

import ipaddress

import re2

from guardrails.detectors.personal_data.context import Nearest, Words
from guardrails.detectors.personal_data.domains import ALSO_FILES, COUNTRIES, FILES, GENERIC, RESERVED
from guardrails.patterns.pattern import Candidate, Pattern

_WORD = rb"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
_LETTERS = "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
# What a name cannot stand directly behind. One class for the place before it and for what it is made of: then a run of
# such characters has one place where a name can begin, and the automaton stays small on text without blanks.
_NAME = f"A-Za-z0-9_.+%'{_LETTERS}-"
_EMAIL = (rf"(?:^|[^{_NAME}])[.+%'-]{{0,3}}(?P<found>[A-Za-z0-9_{_LETTERS}][{_NAME}]{{0,63}}@"
          rf"[A-Za-z0-9{_LETTERS}][A-Za-z0-9.{_LETTERS}-]{{0,80}}\.(?:[A-Za-z]{{2,18}}|xn--[A-Za-z0-9-]{{2,20}})\b)")


def _email(candidate: Candidate) -> float:
    local, _, domain = candidate.found.partition(b"@")
    if b".." in candidate.found or local.endswith(b".") or b".-" in domain or b"-." in domain:
        return 0.0
    ending = domain.rpartition(b".")[2].lower().decode()
    if ending in FILES or candidate.before[-1:] == b"@":
        return 0.0
    if b"://" in candidate.before.rpartition(b" ")[2]:
        return 0.0  # a user and host inside a link
    if local == b"git":
        return 0.3  # a user of a machine, not somebody's mailbox
    return 1.0 if ending in COUNTRIES or ending in GENERIC or ending in RESERVED or ending[:2] == "xn" else 0.6


_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_address_or_version = Nearest(
    ("ip(?:v4)?\\b", "[a-z]{0,12}_ip\\b", "address", "adres", "host", "server", "ping", "from\\b", "login", "connect",
     "gateway", "dns", "nameserver", "client", "peer", "remote", "subnet", "netmask", "proxy", "ssh", "curl", "nmap",
     "traceroute", "interface", "inet", "listen", "bind", "route", "router", "device", "got"),
    ("v\\.? ?\\z", "ver(?:sion)?s?\\b", "versi", "release", "sections?\\b", "chapter", "clause", "build\\b", "firmware",
     "upgrade", "rfc", "oid\\b", "package", "drivers?\\b", "chrome", "safari", "assembly", "kapitel", "abschnitt"))
_PUBLIC_RESOLVERS = (b"8.8.8.8", b"8.8.4.4", b"1.1.1.1", b"1.0.0.1", b"9.9.9.9")


def _ipv4(candidate: Candidate) -> float:
    address, before = candidate.found, candidate.before
    if (candidate.groups[1] or before[-1:] in (b".", b"-", b"_") or address == b"0.0.0.0"
            or (before[-1:] == b":" and b":" in before[-6:-1])):
        return 0.0
    if address.startswith(b"127.") or address.startswith(b"255.255."):
        return 0.3
    known = _address_or_version(before)
    if known is False:
        return 0.2
    small = all(int(part) < 32 for part in address.split(b"."))
    if known or not small:
        return 1.0
    return 0.9 if address in _PUBLIC_RESOLVERS else 0.4


_HEX = r"[0-9A-Fa-f]{1,4}"
# Eight groups; or fewer round a "::"; the last two may be written as IPv4 (RFC 4291, 2.2).
_IPV6 = (rf"(?:(?:{_HEX}:){{6}}(?:{_HEX}:{_HEX}|{_IPV4})"
         rf"|(?:{_HEX}(?::{_HEX}){{0,6}})?::(?:(?:{_HEX}:){{0,5}}{_IPV4}|{_HEX}(?::{_HEX}){{0,6}})?)")


def _ipv6(candidate: Candidate) -> float:
    found, before = candidate.found, candidate.before
    if before[-1:] in (b":", b".", b"-") or (before[-1:] and before[-1] in _WORD):
        return 0.0
    compressed = b"::" in found
    port_follows = candidate.groups[1] == b":" and (b"." in found or (not compressed and len(found) > 23))
    if candidate.groups[1] and not port_follows:
        return 0.0
    try:
        address = ipaddress.IPv6Address(found.decode())
    except ValueError:
        return 0.0
    if address.is_unspecified:
        return 0.0
    if address.is_loopback:
        return 0.3
    if not compressed:
        return 1.0
    left, _, right = found.partition(b"::")
    if not any(48 <= byte < 58 for byte in found):
        return 0.0 if _address_or_version(before) is not True else 0.6  # C++ and Rust: "dead::beef"
    telling = found.count(b":") > 3 or len(left.partition(b":")[0]) == 4 or b"." in right
    return 0.95 if telling or left[:2].lower() in (b"fe", b"ff", b"fd", b"fc", b"64") else 0.4


_MAC = (r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}"
        r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}")
_mac_words = Words("mac\\b", "ether", "hw ?addr", "lladdr", "bssid", "device", "interface", "arp", "physical")


def _mac(candidate: Candidate) -> float:
    found = candidate.found
    if candidate.groups[1] or candidate.before[-1:] in (b":", b"-", b"."):
        return 0.0
    if len(set(found)) < 4:
        return 0.2  # all zeros, all ones
    if found.translate(None, b":-.").isdigit() and (b":" not in found):
        return 0.9 if _mac_words(candidate.before) else 0.2
    return 1.0


_LINKED = r"[^\s<>\x22'`\\{}|^]"
_LINK_END = r"[^\s<>\x22'`\\{}|^\[\]().,;:!?*]"
_URL = rf"\b(?i:(?:https?|ftps?|wss?)://|www\.){_LINKED}{{1,200}}{_LINK_END}/?"
_NOBODYS = re2.compile(r"(?i)^\w+://(?:[^/@]*@)?(?:localhost|[^/:?#]*\.(?:test|example|invalid|localhost))(?:[/:?#]|$)")


def _link(candidate: Candidate) -> float:
    """A link is no secret; and one to a name that is reserved for examples (RFC 2606) leads to nobody."""
    return 0.0 if _NOBODYS.search(candidate.found) else 0.6


_BARE_ENDINGS = "|".join(sorted((COUNTRIES | GENERIC) - {"name", "call", "run", "how", "zip", "mov"}))
_BARE = (rf"(?:^|[^A-Za-z0-9_.@/:$%+&=~\\{_LETTERS}-])(?P<found>[A-Z]?[a-z0-9][a-z0-9.-]{{0,60}}\.(?:{_BARE_ENDINGS})\b"
         r"(?::\d{2,5}\b)?(?:/(?:[A-Za-z0-9_./?=&%~#-]{0,80}[A-Za-z0-9_/=~#-])?)?)(?P<after>[@(\[=_]|\.\w|-\w)?")
_OBJECTS = frozenset((b"self", b"this", b"obj", b"user", b"item", b"df", b"np", b"os", b"sys", b"e.g", b"i.e", b"a.m",
                      b"p.m", b"data", b"request", b"response", b"node", b"main", b"event", b"app", b"args", b"config",
                      b"process", b"window", b"document", b"string", b"list", b"map", b"math", b"time", b"torch",
                      b"tf"))


def _bare(candidate: Candidate) -> float:
    if candidate.groups[1]:
        return 0.0
    host, slash, _ = candidate.found.partition(b"/")
    name, _, ending = host.partition(b":")[0].rpartition(b".")
    if not name or b".." in name or ending != ending.lower() or name.isdigit() or (
            name.lower() in _OBJECTS or name.partition(b".")[0] in _OBJECTS):
        return 0.0
    if ending.decode() in ALSO_FILES and not slash and b"." not in name:
        return 0.0
    if len(name.rpartition(b".")[2]) < 2 and not slash:
        return 0.0
    return 0.6


_QUERY = (r"(?i:(?:access_|auth_|id_|refresh_)?token|api[_-]?key|client_secret|secret|password|passwd|pwd|signature|sig"
          r"|session_?id)")


def _credentials(candidate: Candidate) -> float:
    return 0.3 if candidate.found.strip(b"*x.<>{}[]$%").count(b"$") or len(set(candidate.found)) < 3 else 1.0


PATTERNS = (
    Pattern("EMAIL", _EMAIL, check=_email),
    Pattern("IP", rf"\b(?P<found>{_IPV4})\b(\.\d|-\w)?", check=_ipv4),
    Pattern("IP", rf"(?P<found>{_IPV6}(?:%[A-Za-z0-9]{{1,15}})?)(:|[0-9A-Za-z_])?", check=_ipv6),
    Pattern("MAC", rf"\b(?P<found>{_MAC})\b([:.-][0-9A-Fa-f])?", check=_mac),
    Pattern("URL", _URL, check=_link),
    Pattern("URL", _BARE, check=_bare),
    Pattern("URL_CREDENTIALS", r"://(?P<found>[^\s/@:<>\x22']{0,32}:[^\s/@<>\x22']{1,64})@",
            check=_credentials),
    Pattern("URL_CREDENTIALS", rf"[?&]{_QUERY}=(?P<found>[A-Za-z0-9%._~+-]{{8}})", tail=r"[A-Za-z0-9%._~+/=-]",
            check=_credentials),
)
