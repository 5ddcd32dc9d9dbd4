"""Secrets are found by their form or by the name that they are given; placeholders and identifiers are not."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.detectors.secrets.checksums import base62
from guardrails.detectors.secrets.secrets import Secrets
from guardrails.patterns.scanner import Scanner
from guardrails.patterns.window import Window
from guardrails.training.secret_texts import lookalikes_of, secrets_of
from tests.guardrails.pieces import cut

SCANNER = Scanner(Secrets().patterns)
HEX32 = "9f86d0c1884b7d659a2fe6a0c55ad015"
MIXED40 = "q7Lw2Zt9RkVx4Np8Ys3Hd6Bf1Gm5Jc0TaUeWoKiE"

Found = tuple[int, int, str, float]


def found_in(pieces: list[str]) -> list[Found]:
    """All findings of score .5 and more: where they begin and end, with the tails that came later."""
    window = Window(SCANNER)
    clusters = [cluster for piece in pieces for cluster in window.feed(piece.encode())]
    found: list[Found] = []
    for cluster in [*clusters, *window.feed(b"", last=True)]:
        for match in cluster.matches:
            label, (start, end) = SCANNER.patterns[match.pattern].label, (match.found_start, match.found_end)
            if cluster.goes_on:
                found = [(first, end if (last, name) == (start, label) else last, name, score)
                         for first, last, name, score in found]
            elif match.score >= 0.5:
                found.append((start, end, label, match.score))
    return sorted(found)


def best(text: str) -> tuple[str, str, float]:
    """The surest finding: its label, its text, its score."""
    found = max(found_in([text]), key=lambda one: one[3], default=(0, 0, "", 0.0))
    return found[2], text.encode()[found[0] : found[1]].decode(), found[3]


@pytest.mark.parametrize(("label", "token"), [
    ("AWS_ACCESS_KEY", "AKIAQ3XW7TPLZ5M2RJ6V"), ("GITHUB_TOKEN", "ghp_" + MIXED40[:36]),
    ("GITLAB_TOKEN", "glpat-" + MIXED40[:20]), ("ANTHROPIC_KEY", "sk-ant-api03-" + MIXED40 * 2 + "AA"),
    ("HUGGINGFACE_TOKEN", "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"), ("STRIPE_KEY", "sk_live_" + MIXED40[:24]),
    ("SLACK_TOKEN", "xoxb-718293746501-8273645091827-" + MIXED40[:24]), ("DATABRICKS_TOKEN", "dapi" + HEX32),
    ("MAILGUN_KEY", "key-" + HEX32), ("GOOGLE_API_KEY", "AIzaSy" + MIXED40[:33]),
    ("SENDGRID_KEY", "SG." + MIXED40[:22] + "." + MIXED40 + "ab3"), ("VAULT_TOKEN", "hvs." + MIXED40 + MIXED40),
])
def test_a_vendors_format_is_found_wherever_it_stands_and_whole(label: str, token: str) -> None:
    for text in (f"{token}", f"I pasted {token} by accident", f'["{token}", 1]', f"one\\n{token}\\ntwo"):
        name, found, score = best(text)
        assert (name, found) == (label, token)
        assert score >= 0.8


def test_a_checksum_makes_certain() -> None:
    token = "ghp_" + MIXED40[:30]
    signed = token + base62(0x1D3A4B5C, 6).decode()
    assert best(signed)[2] == 0.85
    assert best(token + base62(zlib.crc32(MIXED40[:30].encode()), 6).decode())[2] == 1.0


@pytest.mark.parametrize("text", [
    f"QUILLBASE_API_KEY={HEX32}", f'export ZENTOVA_TOKEN="{MIXED40}"', f'{{"orbApiKey": "{MIXED40}"}}',
    f"fern:\n  api_key: {HEX32}\n", f"<clientSecret>{MIXED40}</clientSecret>", f"deploy --api-key {HEX32} --dry-run",
    f"My API key is {MIXED40}, but I get a 401.", f"- name: ORB_TOKEN\n  value: {HEX32}",
    f'variable "orb_token" {{\n  default = "{HEX32}"\n}}', f"GET /v2/items?limit=5&api_key={HEX32}&page=2",
    f"heroku_key = {HEX32}", f'datadog: "{HEX32}"', f'config = "client_secret = {MIXED40}"',
])
def test_a_key_without_a_form_is_found_by_its_name(text: str) -> None:
    assert best(text)[1] in (HEX32, MIXED40)


@pytest.mark.parametrize("text", [
    "DB_PASSWORD=k9!Xw-pl2", 'password: "k9!Xw-pl2"', "The password is k9!Xw-pl2, keep it.",
    "curl -u eve:k9!Xw-pl2 x.io",
    "Das Passwort lautet k9!Xw-pl2.", "Le mot de passe est k9!Xw-pl2", "La contraseña es k9!Xw-pl2",
    "La password è k9!Xw-pl2", "mysql -u root -pk9!Xw-pl2 shop", "postgresql://svc:k9!Xw-pl2@db.x.io:5432/main",
    "<password>k9!Xw-pl2</password>", "Server=s;Password=k9!Xw-pl2;Encrypt=true", "redis://:k9!Xw-pl2@cache:6379",
    "The password for the router is k9!Xw-pl2", "passphrase = 'k9!Xw-pl2'", "IDENTIFIED BY 'k9!Xw-pl2'",
])
def test_a_password_is_found_by_what_is_said_of_it_without_what_surrounds_it(text: str) -> None:
    assert best(text)[1] == "k9!Xw-pl2"


@pytest.mark.parametrize("kind", ["RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", ""])
@pytest.mark.parametrize("indented", ["", "    "])
def test_a_private_key_is_found_from_its_first_line_to_its_last(kind: str, indented: str) -> None:
    chance = random.Random(3)
    lines = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789+/", k=64)) for _ in range(20)]
    text = "\n".join(indented + line for line in
                     (f"-----BEGIN {kind}PRIVATE KEY-----", *lines, f"-----END {kind}PRIVATE KEY-----", "That is it."))
    label, found, score = best(text)
    assert (label, score) == ("PRIVATE_KEY", 1.0)
    assert found.startswith("-----BEGIN")
    assert lines[-1] in found
    assert "That is it" not in found


@pytest.mark.parametrize("text", [
    "AKIAIOSFODNN7EXAMPLE", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "api_key = <your-api-key>", "token: ${TOKEN}",
    "password: changeme", "password=%DB_PASSWORD%", "api_key: {{ secrets.orb }}", "token = process.env.API_TOKEN",
    'password = os.environ["DB_PASSWORD"]', "api_key = 1234567890abcdef1234567890abcdef", "secret: a1b2c3d4e5f6g7h8",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----", "postgres://user:password@localhost/db",
    "Authorization: Bearer $TOKEN", "password_file: /run/secrets/db_password1", "key_file = 'server-2024.key'",
])
def test_what_stands_for_a_secret_is_none(text: str) -> None:
    assert found_in([text]) == []


@pytest.mark.parametrize("text", [
    f"sha256:{HEX32}{HEX32}", f"commit {HEX32}a1b2c3d9", f'etag: "{HEX32}"', f"MD5 (a.iso) = {HEX32}",
    "id: 7c1f9a52-3b0e-4d7a-9c45-1e2f8a6b9d03", f"cache_key: {HEX32}", f'"nextPageToken": "{MIXED40}"',
    f"github_sha = {HEX32}", f"public_key = {MIXED40}", "max_tokens=4096", "ISBN 978-3-16-148410-0",
    f"integrity sha512-{MIXED40}{MIXED40}==", f"data:image/png;base64,iVBOR{MIXED40}", "const apiKeyName = 'orbKeyV2';",
    f"call_{MIXED40[:24]}", f"https://x.io/d/{MIXED40}/edit", "password_hash = $2b$12$" + MIXED40,
])
def test_what_identifies_is_no_secret(text: str) -> None:
    assert found_in([text]) == []


@pytest.mark.parametrize("text", [
    "Is the password case-sensitive?", "The password is sha256-hashed.", "The token is valid for 3600 seconds.",
    "The key is 256-bit AES.", "We pass `ignore_errors=True` to it.", "Das Passwort ist falsch.",
    "La clave es sencilla.",
    "def login(user: str, password: str) -> Token:", "steps_pass: list[ast.stmt] = []", "password = getpass.getpass()",
    "What is the difference between basic authentication and a bearer token?",
])
def test_talk_and_code_about_secrets_hold_none(text: str) -> None:
    assert found_in([text]) == []


def test_made_sets_keep_the_rates_that_are_promised() -> None:
    """At least .95 of the made secrets and at most .01 of the look-alikes score .5."""
    chance = random.Random(11)
    secrets = [bool(found_in([str(row["text"])])) for row in secrets_of(chance, 1)]
    others = [bool(found_in([str(row["text"])])) for row in lookalikes_of(chance, 1)]
    assert sum(secrets) >= 0.95 * len(secrets)
    assert sum(others) <= 0.01 * len(others)


TEXTS = [str(row["text"]) for make in (secrets_of, lookalikes_of) for row in make(random.Random(5), 1)]


@settings(max_examples=150, deadline=None)
@given(texts=st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3),
       cuts=st.lists(st.integers(0, 600), max_size=12))
def test_any_split_finds_the_same(texts: list[str], cuts: list[int]) -> None:
    text = " ".join(texts)
    assert found_in(cut(text, cuts)) == found_in([text])


def test_ordinary_text_flows_with_the_delay_of_a_word() -> None:
    window = Window(SCANNER)
    text = "Dear Sir, thank you for the letter about the garden; we shall answer it in the course of the next week. "
    fed, lags = 0, []
    for word in text.split(" "):
        window.feed((word + " ").encode())
        fed += len(word) + 1
        lags.append(fed - window.decided)
    assert max(lags) <= 12
