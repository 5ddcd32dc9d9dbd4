"""Texts with secrets, and texts that only look so, from a seed.

    python -m guardrails.training.secret_texts --seed 7 --rounds 6 > secrets.jsonl

Rows have text, label (1 = a secret), type (the vendor, or the kind of look-alike), how (named, distinct, password,
credential) and half (by a hash of the vendor's name: tune on one, believe the other).
"""

import argparse
import base64
import hashlib
import json
import random
import re
import sys
import uuid
from collections.abc import Iterator

from guardrails.training.secret_forms import DISTINCT, NAMED, PASSWORDS

Row = dict[str, str | int]

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"
_ALPHABETS = {
    "h": _DIGITS + "abcdef", "H": _DIGITS + "ABCDEF", "d": _DIGITS, "a": _LETTERS, "l": _DIGITS + _LETTERS[:26],
    "u": _DIGITS + _LETTERS[26:], "w": _DIGITS + _LETTERS, "b": _DIGITS + _LETTERS + "+/",
    "x": _DIGITS + _LETTERS + "-_",
}

# {n} the vendor in lower case, {N} in upper case, {C} with a capital; {v} the value.
_NAMED = (
    "{N}_API_KEY={v}", 'export {N}_TOKEN="{v}"', '{{"{n}ApiKey": "{v}", "debug": true}}',
    "{n}:\n    enabled: yes\n    api_key: {v}\n", "const {n}Token = '{v}';", '{n}_secret = "{v}"',
    '[{n}]\naccess_token = "{v}"', "ENV {N}_API_KEY={v}", "<{n}ApiKey>{v}</{n}ApiKey>",
    "./deploy.sh --{n}-api-key {v} --region eu", "X-{C}-Api-Key: {v}",
    "My {C} API key is {v}, but I get a 401. What is wrong?", 'var {n}Key = "{v}";', "{n}.api.key={v}",
    "- name: {N}_API_TOKEN\n  value: {v}", "'{n}_key' => '{v}',", 'props.setProperty("{n}.apiKey", "{v}");',
    "ENV['{N}_SECRET'] ||= '{v}'", '{n}_api_token := "{v}"', 'variable "{n}_token" {{\n  default = "{v}"\n}}',
    "requests.get(url, params={{'{n}_key': '{v}'}})", "GET https://api.{n}.com/v2/items?limit=5&api_key={v}",
    "{C} API-Schlüssel: {v}", "client = {C}(api_key='{v}')", 'os.environ["{N}_API_KEY"] = "{v}"',
    "Hier ist mein {C}-Token: {v}. Warum klappt das nicht?",
)
_BARE = (
    "Can you tell me what {v} is for? I found it in an old repository.",
    "2024-05-02T10:11:12Z INFO starting with {v}", "curl -s https://api.x.io/v1 -H 'Authorization: Bearer {v}'",
    "1. {v}\n2. something else\n", "token\t{v}\n", "I pasted {v} in the chat by accident.", '["{v}", "eu-west-1"]',
    "// TODO remove: {v}", "echo {v} | docker login --password-stdin", "Bitte prüfe {v} auf Gültigkeit.",
    "line1\\n{v}\\nline3",
)
_PASSWORD = (
    "DB_PASSWORD={v}", 'password: "{v}"', "The password is {v}, please do not share it.", "mysql -u root -p{v} shop",
    "curl -u deploy:{v} https://x.example.org/", "Das Passwort lautet {v}.", "Le mot de passe est {v}",
    "La contraseña es {v}", "La password è {v}", '{{"user": "eve", "pwd": "{v}"}}',
    "postgresql://svc:{v}@10.0.0.12:5432/main", "<password>{v}</password>",
    "Server=tcp:sql1;User Id=sa;Password={v};Encrypt=true", "sshpass -p {v} ssh ops@host",
    "login: eve\npassword: {v}\n", "passphrase = '{v}'", "mongodb+srv://app:{v}@cluster0.ab1cd.mongodb.net/test",
    "ALTER USER eve IDENTIFIED BY '{v}';", "machine git.example.org login eve password {v}",
    "redis-cli -h cache -a {v} ping", "amqp://worker:{v}@mq:5672/vhost", "--password {v}", "MYSQL_ROOT_PASSWORD: {v}",
    "Use user admin and password {v} to log in.", "my wifi password is: {v}", "spring.datasource.password={v}",
)


def fill(form: str, random_: random.Random) -> str:
    """``form`` with its places filled at random."""
    def place(match: re.Match[str]) -> str:
        if match[1] == "U":
            return str(uuid.UUID(int=random_.getrandbits(128), version=4))
        return "".join(random_.choices(_ALPHABETS[match[1]], k=int(match[2])))
    return re.sub(r"\{([hHwluxbadU])(\d+)\}", place, form)


def half_of(name: str) -> str:
    return "seen" if hashlib.sha256(name.encode()).digest()[0] % 2 else "unseen"


def secrets_of(random_: random.Random, rounds: int) -> Iterator[Row]:
    for _ in range(rounds):
        for name, form in DISTINCT.items():
            contexts = _BARE if random_.random() < 0.5 else _NAMED
            yield _row(_in_context(random_, name, fill(form, random_), contexts), name, "distinct")
        for name, form in NAMED.items():
            yield _row(_in_context(random_, name, fill(form, random_), _NAMED), name, "named")
        for text in _PASSWORD:
            yield _row(text.format(v=random_.choice(PASSWORDS)), "password:" + text[:12], "password")
        for name, text in _credentials(random_):
            yield _row(text, name, "credential")


def _in_context(random_: random.Random, name: str, value: str, contexts: tuple[str, ...]) -> str:
    word = re.split(r"[-_]", name)[0]
    return random_.choice(contexts).format(n=word, N=word.upper(), C=word.capitalize(), v=value)


def _row(text: str, name: str, how: str) -> Row:
    return {"text": text, "label": 1, "type": name, "how": how, "half": half_of(name)}


_CREDENTIALS = (
    ("pgp", "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n{b64}\n{b64}\n=ab1C\n-----END PGP PRIVATE KEY "
            "BLOCK-----"),
    ("putty", "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nPrivate-Lines: 8\n{b64}\n{b64}\n"),
    ("bearer", "Authorization: Bearer {x48}"),
    ("azure-storage",
     "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={b86}==;EndpointSuffix=core.windows.net"),
    ("service-bus", "Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={b43}="),
    ("sas", "https://acme.blob.core.windows.net/c/f.csv?sv=2022-11-02&se=2030-01-01&sr=b&sp=r&sig={w40}%3D"),
    ("npmrc", "//registry.example.org/:_authToken={U1}"),
    ("aws-secret", "aws_secret_access_key = {b40}"),
    ("aws-secret", '"SecretAccessKey": "{b40}"'),
)


def _credentials(random_: random.Random) -> Iterator[tuple[str, str]]:
    for name, form in _CREDENTIALS:
        yield name, fill(form, random_)
    token = _token(random_)
    yield "jwt", f"Cookie: session={token}"
    yield "jwt", f"what does {token} say"
    yield "basic", "Authorization: Basic " + base64.b64encode(fill("eve:{w14}", random_).encode()).decode()
    for kind in ("RSA ", "EC ", "OPENSSH ", "", "ENCRYPTED ", "DSA "):
        lines = "\n".join(fill("{b64}", random_) for _ in range(5))
        block = f"key: |\n-----BEGIN {kind}PRIVATE KEY-----\n{lines}\n-----END {kind}PRIVATE KEY-----\n"
        yield "pem", block.replace("\n", "\n" + random_.choice(("", "    ")))


def _token(random_: random.Random) -> str:
    """A JSON web token."""
    parts = '{"alg":"RS256","kid":"k1"}', fill('{"iss":"https://id.x.io","sub":"{l12}"}', random_)
    encoded = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts]
    return ".".join((*encoded, fill("{x86}", random_)))


def lookalikes_of(random_: random.Random, rounds: int) -> Iterator[Row]:
    for _ in range(rounds):
        for kind, text in _lookalikes(random_):
            yield {"text": text, "label": 0, "type": kind, "how": "lookalike", "half": half_of(kind)}


def _lookalikes(random_: random.Random) -> Iterator[tuple[str, str]]:
    r = random_
    name = r.choice(list(NAMED)).split("_")[0]
    context = r.choice(_NAMED)

    def named(value: str) -> str:
        return context.format(n=name, N=name.upper(), C=name.capitalize(), v=value)

    for value in (
        "<your-api-key>", "YOUR_API_KEY", f"${{{name.upper()}_KEY}}", "xxxxxxxxxxxxxxxxxxxxxxxx", "****************",
        "REPLACE_ME", f"{{{{ secrets.{name} }}}}", "your-token-here", f"%{name.upper()}_TOKEN%", "changeme",
        "insert-key-here", "$API_KEY", "...", "1234567890abcdef1234567890abcdef", "abcdefghijklmnopqrstuvwxyz123456",
        "00000000-0000-0000-0000-000000000000", f"my-{name}-api-key", "TODO", "[REDACTED]", "example-token-123456789",
        "sk_test_xxxxxxxxxxxxxxxxxxxxxxxx", "dummy_key_for_tests", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "deadbeefdeadbeefdeadbeefdeadbeef", f"vault:secret/data/{name}#key", "op://vault/item/field",
        "fake-key-0123456789", "<redacted>", "null", "none", "some-long-api-key-value",
        "0123456789abcdef0123456789abcdef", "test-api-key",
    ):
        yield "placeholder", named(value)
    for text in (
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "AKIAIOSFODNN7EXAMPLE", "AKIAXXXXXXXXXXXXXXXX",
        "sk-XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", "sk-ant-api03-xxxxxxxx", "xoxb-your-bot-token",
        "glpat-xxxxxxxxxxxxxxxxxxxx", "AIzaSyXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
        "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "SG.xxxxxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "npm_000000000000000000000000000000000000", "sk_live_...", "sk_live_your_key_here1234",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "xoxb-123456789012-1234567890123-abcdefghijklmnopqrstuvwx",
        "ghp_1234567890abcdefghijklmnopqrstuvwxyz",
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.xxxx",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "123456789:ABCDEFGHIJKLMNOPQRSTUVWXYZ123456789", "dapi00000000000000000000000000000000",
        "key-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    ):
        yield "masked format", r.choice(_BARE + _NAMED).format(n=name, N=name.upper(), C=name.capitalize(), v=text)
    for text in (
        "sha256:{h64}", "sha512-{b86}==", '"integrity": "sha512-{b86}=="', "commit {h40}", "git checkout {h40}",
        "md5 {h32}  file.iso", "MD5 (a.tgz) = {h32}", 'ETag: "{h32}"', "etag: W/\"{h40}\"", "id: {U1}",
        '"request_id": "{U1}"', "x-request-id: {U1}", "trace_id={h32} span_id={h16}", "session id {U1}",
        "{h64}  dist/app.tar.gz", "docker pull nginx@sha256:{h64}", "image: registry.io/app@sha256:{h64}",
        "checksum = \"{h64}\"", "sha1: {h40}", "Fixes {h7}, see {h12}", "tx 0x{h64}", "wallet 0x{h40}",
        "partition_key = \"{h32}\"", "cache_key: {h40}", "primary_key={d12}", "idempotency_key: {U1}",
        "public_key = \"{b44}\"", "ssh-rsa AAAAB3NzaC1yc2E{b200} eve@laptop",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{b43} eve",
        "-----BEGIN PUBLIC KEY-----\n{b64}\n{b64}\n-----END PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----\n{b64}\n{b64}\n-----END CERTIFICATE-----",
        "data:image/png;base64,iVBORw0KGgo{b200}", "ISBN 978-3-{d2}-{d6}-{d1}", "max_tokens={d4}",
        "token_count: {d5}", "next_page_token: {x40}", "\"nextPageToken\": \"{x40}\"", "fingerprint SHA256:{b43}",
        "content_hash={h64}", "color: #{h6}", "msg_{w24} finished", "chatcmpl-{w29}", "call_{w24}", "pi_{w24}",
        "cus_{w14}", "thread_{w24}", "videoId: {x11}", "https://www.youtube.com/watch?v={x11}",
        "https://docs.google.com/document/d/{x44}/edit", "https://x.io/p/{h32}", "build-{h40}.js",
        "main.{h20}.chunk.css", "order {d10}-{d5}", "serial {u4}-{u4}-{u4}-{u4}", "tracking 1Z{u16}", "IBAN DE{d20}",
        "pk_live_{w24}", "slack_channel_id = \"C{u10}\"", "aws_account_id = \"{d12}\"", "notion_database_id: {h32}",
        "GITHUB_SHA={h40}", "github_run_id: {d10}", "azure_tenant_id = \"{U1}\"", "google_analytics: G-{u10}",
        "stripe_customer = \"cus_{w14}\"", "docker_image_digest: sha256:{h64}", "discord_guild_id={d18}", "ami-{h17}",
        "arn:aws:iam::{d12}:role/deploy", "password_hash = \"$2b$12${w53}\"",
        "root:$6${w16}${w86}:19000:0:99999:7:::", "csrf_token: {x43}", "nonce=\"{b24}\"", "salt: {h32}",
        "\"kid\": \"{x20}\"", "node_id: MDQ6VXNlc{w10}",
        "resolved \"https://registry.npmjs.org/a/-/a-1.0.0.tgz#{h40}\"",
    ):
        yield "identifier", fill(text, r)
    for text in (
        'password = os.environ["DB_PASSWORD"]', "const token = process.env.API_TOKEN;",
        'api_key = config.get("api_key")', "password = getpass.getpass()", "token: ${{ secrets.GITHUB_TOKEN }}",
        "password: !vault |", "secret_key = get_secret('prod/db')",
        "String password = request.getParameter(\"password\");", "this.token = token;", "self.api_key = api_key",
        "def login(user: str, password: str) -> Token:", "if (password === confirmPassword) {",
        "password: { type: String, required: true, minlength: 8 }", "passwordField.setText(\"\")",
        "SECRET_KEY = env('SECRET_KEY')", "apiKey: functions.config().stripe.key,",
        "var secret = Configuration[\"Jwt:Secret\"];", "Authorization: Bearer <token>",
        "Authorization: Bearer ${accessToken}", "-H \"X-Api-Key: $KEY\"",
        "postgres://user:password@localhost:5432/db", "mysql://root:root@127.0.0.1/app",
        "https://user:pass@example.com", "redis://:${REDIS_PASSWORD}@redis:6379",
        "mongodb://<username>:<password>@host", "curl -u username:password https://x.io",
        "curl -u $USER:$PASS https://x.io", "mysql -u root -p", "--password $PASSWORD",
        "--token-file /run/secrets/token", "password_file: /run/secrets/db_password", "key: value",
        "token = tokenizer.next_token()", "api_key: str = Field(...)", "token_type: bearer",
        "access_token_expires_in=3600", "secretName: my-app-tls",
        "valueFrom:\n  secretKeyRef:\n    name: db-credentials\n    key: password",
        "passwordResetUrl = \"https://x.io/reset\"", "input type=\"password\" name=\"password\" id=\"password1\"",
        "password: string;", "api_key = None", "pwd=$(pwd)", "password=\"${PASSWORD:-default}\"",
        "keyboard = Keyboard.AZERTY_102", "private_key_path = \"~/.ssh/id_ed25519\"",
        "key_file = 'certs/server-2024.key'", "secret: kubernetes.io/service-account-token",
        "token: dict[str, str] = {{}}", "secret = base64.b64decode(encoded_secret)", "api_key=YOUR_STRIPE_KEY_2",
        "hashed_password = bcrypt.hashpw(password)", "storeKey = 'user-settings-v2'", "sortKey: createdAt2024",
    ):
        yield "code", text
    for text in (
        "Is the password case-sensitive?", "The password is wrong again.",
        "My password is too short, it says at least 12 characters.", "The password is sha256-hashed and salted.",
        "What is a bearer token and how is basic authentication different?", "The token is valid for 3600 seconds.",
        "The secret is patience.", "The key is under the mat.", "The key is 256-bit AES.",
        "A token is about 4 characters.", "Password must be 8-64 characters with one digit.",
        "The password field is password1 in the form.", "Explain OAuth2 client_secret and client_id.",
        "Le mot de passe est obligatoire.", "Das Passwort ist falsch.", "La contraseña es incorrecta.",
        "La chiave è nella tasca.", "How do I rotate an AWS access key?", "The api key is missing from the header.",
        "Set the password to something strong.", "The token was revoked yesterday.",
        "The secret key is stored in AWS KMS.", "password manager: 1Password or Bitwarden?",
        "PASSWORD RESET: follow the link", "token limit: 128k", "Our secret ingredient: sugar",
        "Private key: never share it", "Use a passphrase like correct-horse-battery-staple.",
        "The password for the demo is demo.", "The key is to practice every day.", "Linear algebra: vector spaces",
        "Square: a shape with 4 sides", "Slack: 15 minutes of free time", "Notion: a vague idea",
        "The webhook is at https://example.com/hooks/incoming.", "git log --oneline | head; the key is b2f9c1a7",
        "The password is MFA-protected.", "Key: C# minor, Tempo: 120bpm", "Signature: void f(int32_t x)",
        "Keyword: machine-learning-2024", "Secret: S01E05 spoilers", "The token is ERC20-compatible.",
    ):
        yield "talk", text


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seed", type=int, default=7)
    arguments.add_argument("--rounds", type=int, default=5)
    chosen = arguments.parse_args()
    random_ = random.Random(chosen.seed)
    for row in (*secrets_of(random_, chosen.rounds), *lookalikes_of(random_, chosen.rounds)):
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
