"""Addresses of cryptocurrencies, by their own checksums."""

from hashlib import sha256

from guardrails.patterns.pattern import Candidate, Pattern

_BASE58 = {byte: value for value, byte in enumerate(b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")}
_BECH32 = {byte: value for value, byte in enumerate(b"qpzry9x8gf2tvdw0s3jn54khce6mua7l")}
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def _base58(candidate: Candidate) -> float:
    number = 0
    for byte in candidate.found:
        number = number * 58 + _BASE58[byte]
    if number >> 200:
        return 0.0
    whole = number.to_bytes(25, "big")
    return 1.0 if sha256(sha256(whole[:21]).digest()).digest()[:4] == whole[21:] else 0.0


def _bech32(candidate: Candidate) -> float:
    """BIP 173 and BIP 350."""
    values = [3, 3, 0, 2, 3, *(_BECH32[byte] for byte in candidate.found.lower()[3:])]  # "bc", expanded
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_GENERATOR):
            check ^= generator if top >> place & 1 else 0
    return 1.0 if check in (1, 0x2BC830A3) else 0.0


PATTERNS = (
    Pattern("CRYPTO_ADDRESS", r"\b[13][1-9A-HJ-NP-Za-km-z]{25,33}\b", check=_base58),
    Pattern("CRYPTO_ADDRESS", r"\b(?:bc1[02-9ac-hj-np-z]{11,71}|BC1[02-9AC-HJ-NP-Z]{11,71})\b", check=_bech32),
    Pattern("CRYPTO_ADDRESS", r"\b0x[0-9A-Fa-f]{40}\b", score=0.9),
)
