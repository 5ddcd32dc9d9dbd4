"""A question to a guard model, and its answer: the text, and how sure the model was of each token."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

CHAT: Final = "/v1/chat/completions"
COMPLETIONS: Final = "/v1/completions"
Path = Literal["/v1/chat/completions", "/v1/completions"]
UNSAFE = "UNSAFE"  # the label of what a model finds unsafe without saying of which kind


class Unreadable(Exception):
    """An answer that is none. It is a failure of the guard, never a pardon."""


class Token(NamedTuple):
    """``chances`` are the probabilities of what might have stood in its place, itself among them; empty where the
    server told none."""

    text: str
    chances: Mapping[str, float]


class Answer(NamedTuple):
    text: str
    tokens: Sequence[Token] = ()


class Found(NamedTuple):
    """What a guard model has found in what it was asked about."""

    label: str
    score: float


class Question(NamedTuple):
    """``document`` lacks the model's name. ``read`` raises Unreadable."""

    path: Path
    document: Mapping[str, Any]
    read: Callable[[Answer], Sequence[Found]]

    def found_in(self, reply: object) -> Sequence[Found]:
        """What a server's whole reply says; raises Unreadable."""
        return self.read(_from_chat(reply) if self.path == CHAT else _from_completion(reply))


def completion(prompt: str, max_tokens: int, read: Callable[[Answer], Sequence[Found]]) -> Question:
    """A prompt that is whole, with the model's own special tokens in it: the server adds none."""
    return Question(COMPLETIONS, {"prompt": prompt, "max_tokens": max_tokens, "temperature": 0, "logprobs": 5,
                                  "add_special_tokens": False}, read)


def chat(messages: Sequence[Mapping[str, str]], max_tokens: int, read: Callable[[Answer], Sequence[Found]]) -> Question:
    """Messages that the server puts into the model's own template."""
    return Question(CHAT, {"messages": list(messages), "max_tokens": max_tokens, "temperature": 0, "logprobs": True,
                           "top_logprobs": 5}, read)


def _from_completion(reply: object) -> Answer:
    choice = _first_choice(reply)
    logprobs = choice.get("logprobs")
    if not isinstance(logprobs, dict):
        return Answer(_text(choice.get("text")))
    words, tops = logprobs.get("tokens"), logprobs.get("top_logprobs")
    if not isinstance(words, list) or not isinstance(tops, list) or len(words) != len(tops):
        return Answer(_text(choice.get("text")))
    return Answer(_text(choice.get("text")), [
        Token(str(word), _chances(top.items() if isinstance(top, dict) else ()))
        for word, top in zip(words, tops, strict=True)])


def _from_chat(reply: object) -> Answer:
    choice = _first_choice(reply)
    message, logprobs = choice.get("message"), choice.get("logprobs")
    if not isinstance(message, dict):
        raise Unreadable("it holds no message")
    told = logprobs.get("content") if isinstance(logprobs, dict) else None
    return Answer(_text(message.get("content")), [
        Token(str(one.get("token")), _chances(
            (top.get("token"), top.get("logprob")) for top in one.get("top_logprobs") or () if isinstance(top, dict)))
        for one in told or () if isinstance(one, dict)])


def _first_choice(reply: object) -> Mapping[str, Any]:
    choices = reply.get("choices") if isinstance(reply, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise Unreadable("it holds no choice")
    return choices[0]


def _text(written: object) -> str:
    if not isinstance(written, str):
        raise Unreadable("it holds no text")
    return written


def _chances(pairs: Any) -> dict[str, float]:
    return {token: math.exp(min(0.0, chance)) for token, chance in pairs
            if isinstance(token, str) and isinstance(chance, (int, float))}


def chances_of(answer: Answer, words: Sequence[str], said: str, after: str = "") -> dict[str, float] | None:
    """How the model weighed ``words`` against each other where it ``said`` one of them, behind ``after``; None where
    the server did not tell. They sum to 1. A token that only begins a word stands for it."""
    before = ""
    for token in answer.tokens:
        reached = after.lower() in before.lower()
        before += token.text
        if not reached or _word_of(token.text, words) != said:
            continue
        weights = dict.fromkeys(words, 0.0)
        for text, chance in token.chances.items():
            word = _word_of(text, words)
            if word is not None:
                weights[word] += chance
        total = sum(weights.values())
        return {word: weight / total for word, weight in weights.items()} if total else None
    return None


def _word_of(token: str, words: Sequence[str]) -> str | None:
    said = token.strip().lower()
    meant = [word for word in words if word.lower() == said or (len(said) > 1 and word.lower().startswith(said))]
    return meant[0] if len(meant) == 1 else None
