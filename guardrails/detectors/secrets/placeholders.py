"""Placeholders: what stands where a secret would: examples of documentation, variables, masks, words, file names."""

import re
from itertools import pairwise
from typing import Any

import re2

from guardrails.detectors.secrets.randomness import wordiness

# AWS, Stripe, RFC 6749, RFC 6750, RFC 7617, Telegram, Google Maps and jwt.io print these in their documentation.
_EXAMPLES = tuple(
    b"wJalrXUtnFEMI 4eC39HqLyjWDarjtT1zdp7dc tGzv3JOkF0XG5Qx2TlKWIA 2YotnFZFEjr1zCsicMWpAA mF_9.B5f-4.1JqM "
    b"QWxhZGRpbjpvcGVu AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw ABC-DEF1234ghIkl-zyx57W2v1u123ew11 SplxlOBeZQQYbYS6WxSbIA "
    b"eyJzdWIiOiIxMjM0NTY3ODkw 123e4567-e89b-12d3 550e8400-e29b-41d4-a716 deadbeef cafebabe d41d8cd98f00b204 "
    b"da39a3ee5e6b4b0d3255 e3b0c44298fc1c149afb 7Fjfp0ZBr1KtDRbnfVdmIw gX1fBat3bV czZCaGRSa3F0Mzpn".split())
_WORDS = tuple(
    b"example sample dummy placeholder changeme change_me change-me changeit changethis redacted masked hidden removed "
    b"omitted insert replace enter_ enter- fixme **** .... ____ foobar foo_bar qwerty lorem ipsum string undefined "
    b"value secretkey secret_key secret-key mysecret mytoken apikey api_key api-key accesskey access_key password "
    b"passwort contrase passphrase notreal not_a not-a abcdef 123456 654321 fedcba generate default ejemplo beispiel "
    b"exemple esempio dein_ deine ihr_ ihre- votre_ hunter2hunter supersecret super_secret super-secret topsecret "
    b"top_secret not_so foobarbaz insecure invalid unused dontuse do_not do-not getenv config.".split())
# Of four letters chance makes words in a long value, but seldom all in one case.
_SHORT_WORDS = tuple(
    b"fake FAKE Fake your YOUR Your here HERE Here todo TODO Todo xxxx XXXX Xxxx test TEST Test asdf ASDF Asdf demo "
    b"DEMO Demo goes GOES Goes".split())
# A password is made of words more often than a key is, so only the plainest of them say that it is none.
_WORDS_FOR_PASSWORDS = tuple(
    b"example sample dummy placeholder changeme change_me change-me changeit changethis your_ your- yourpass yourdb "
    b"yoursecret redacted masked hidden removed omitted insert_ replace enter_ xxxx **** .... ____ todo fixme my_pass "
    b"my-pass mypass somepass some_pass notreal not_a_ getenv supersecret super_secret super-secret topsecret dein_ "
    b"ihr_ votre tu_ contras motdepasse passwort_ -here _here hier_ -hier".split())
_STARTS = (b"my_", b"my-", b"some_", b"some-", b"a_", b"the_", b"tu_", b"tua_", b"the-", b"our_")
_WHOLE = frozenset(
    b"password passwd passwort secret token pass pwd admin root user username postgres mysql guest test testing "
    b"test123 foo bar baz foobar none null nil undefined true false yes no on off string str text bytes int integer "
    b"number boolean bool object required optional nullable default empty unset missing unknown value key apikey login "
    b"public private rabbitmq redis mongo sa oracle changeme letmein qwerty password1 password123 passw0rd p@ssw0rd "
    b"p@ssword pass123 pass1234 admin123 secret123 token123 test1234 abc123 123456 12345678 1234567890 abcd1234 "
    b"qwerty123 password1234 user123 foo123 hunter22 key123 pw123 mypass123 example1 s3cr3t s3cret secr3t postgres123 "
    b"root123 base64 sha256 sha512 sha-256 md5 bcrypt argon2 argon2id pbkdf2 scrypt hs256 rs256 es256 oauth2 oauth "
    b"utf-8 utf8 2fa mfa totp otp jwt saml sso ldap http https ipv4 ipv6 x509".split())
_SUFFIXES = tuple(
    b".json .yaml .yml .toml .ini .env .txt .md .py .js .ts .tsx .jsx .go .rs .java .rb .php .cs .cpp .c .h .sh .sql "
    b".html .css .xml .csv .log .pem .key .crt .cer .der .p12 .pfx .jks .pub .png .jpg .svg .pdf .zip .gz .exe .dll "
    b".so .bak .conf .cfg .lock .gpg .asc .kdbx .com .org .net .io .local .internal".split())
_REFERENCES = (b"${", b"$(", b"{{", b"}}", b"<%", b"%>", b"#{", b"@{", b"%(", b"{%", b"()", b"://", b"::", b"->")
_REFERENCE_STARTS = tuple(
    b"< [ { ( ./ ../ ~/ op:/ arn: vault: secret: secrets: file: ENC[ ENC( var. env. self. this. local. data. process. "
    b"os. settings. config. secrets. ref+ ref: ssm: env: urn: /run/ /etc/ /var/ /opt/ /home/ /usr/ /tmp/".split())
_VARIABLE = re.compile(rb"\$[\w:.]+|[@&*!][A-Za-z_]+")
_STEPS = (b"\x00", b"\x01", b"\xff")
_RUNS = tuple(step * 5 for step in _STEPS)
_WOVEN_RUNS = tuple(step * 6 for step in _STEPS)
_DOTTED = re.compile(rb"[A-Za-z_]\w*(?:(?:\.|->|::|\?\.)[A-Za-z_]\w*)+[.,;]?")
_CONSTANT = re.compile(rb"[A-Z][A-Z]*(?:_[A-Z0-9]+)+")


def _any_of(*words: bytes) -> Any:
    """Finds any of many words in one pass."""
    return re2.compile(b"|".join(map(re2.escape, words)))


_SOME_WORD = _any_of(*_WORDS)
_SOME_WORD_FOR_PASSWORD = _any_of(*_WORDS_FOR_PASSWORDS)
_SOME_EXAMPLE = _any_of(*_EXAMPLES)
_SOME_SHORT_WORD = _any_of(*_SHORT_WORDS)


def is_placeholder(value: bytes) -> bool:
    """Whether the random part of a key is an example, a mask, a sequence or a name."""
    lowered = value.lower()
    return (_SOME_WORD.search(lowered) is not None or _SOME_EXAMPLE.search(value) is not None
            or _SOME_SHORT_WORD.search(value) is not None or lowered.startswith(_STARTS)
            or is_sequence(lowered) or repeats(lowered))


def is_password_placeholder(value: bytes) -> bool:
    lowered = value.lower()
    return (lowered.strip(b".,;:!?") in _WHOLE
            or _SOME_WORD_FOR_PASSWORD.search(lowered) is not None or _SOME_EXAMPLE.search(value) is not None
            or is_sequence(lowered) or repeats(lowered))


def is_reference(value: bytes) -> bool:
    """Whether a value names the place where the secret is: a variable, an expression, a file, another constant."""
    if value.startswith(_REFERENCE_STARTS) or any(part in value for part in _REFERENCES):
        return True
    if _VARIABLE.fullmatch(value):
        return True
    if value.startswith(b"%") and value.rstrip(b".,;").endswith(b"%"):
        return True
    return (value.lower().endswith(_SUFFIXES) or _CONSTANT.fullmatch(value) is not None
            or (_DOTTED.fullmatch(value) is not None and wordiness(value) >= 0.5))


def is_sequence(value: bytes) -> bool:
    """Whether much of a value runs on evenly: 123456, fedcba, aaaaaa, or two such runs woven together, a1b2c3d4."""
    steps = bytes([after - before & 255 for before, after in pairwise(value)])
    strides = bytes([after - before & 255 for before, after in zip(value, value[2:], strict=False)])
    return (any(run in steps for run in _RUNS) or any(run in strides for run in _WOVEN_RUNS)
            or (len(steps) >= 6 and sum(map(steps.count, _STEPS)) >= 0.6 * len(steps)))


def repeats(value: bytes) -> bool:
    """Whether a value is one short piece over and over, or has hardly any different characters."""
    length = len(value)
    return (length >= 8 and len(set(value)) <= max(3, length // 12)) or (value + value).find(value, 1) < length or any(
        value.endswith(value[: length - period]) for period in range(1, min(8, length // 2) + 1))
