"""models.demo.sampler: every parameter bends the distribution as it should. Needs torch."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from models.demo.params import Params
from models.demo.sequence import Sequence

pytestmark = pytest.mark.demo

PROBABILITIES = (0.5, 0.25, 0.15, 0.1)
DRAWS = 2000

Choose = Callable[..., Counter[int]]


@pytest.fixture(scope="module")
def torch() -> Any:
    import torch

    return torch


def running(output: tuple[int, ...] = (), prompt: tuple[int, ...] = (), **params: Any) -> Sequence:
    sequence = Sequence(list(prompt), Params(max_tokens=100, **{"seed": 1} | params), lambda tokens: "", frozenset({3}))
    sequence.output = list(output)
    return sequence


@pytest.fixture
def choose(torch: Any) -> Choose:
    """How often each token is drawn from PROBABILITIES under these parameters."""
    from models.demo.sampler import TorchSampler

    def draw(probabilities: tuple[float, ...] = PROBABILITIES, **wish: Any) -> Counter[int]:
        sequence, logits = running(**wish), torch.tensor([probabilities]).log()
        return Counter(TorchSampler().choose(logits, [sequence])[0].token for _ in range(DRAWS))

    return draw


def shares(drawn: Counter[int]) -> dict[int, float]:
    return {token: pytest.approx(count / DRAWS, abs=0.04) for token, count in drawn.items()}


def test_without_parameters_tokens_come_as_often_as_they_are_likely(choose: Choose) -> None:
    assert dict(enumerate(PROBABILITIES)) == shares(choose())


def test_greedy_takes_the_likeliest(choose: Choose) -> None:
    assert set(choose(temperature=0)) == {0}


def test_a_temperature_of_a_half_squares_the_odds(choose: Choose) -> None:
    squares = [share**2 for share in PROBABILITIES]
    assert {token: square / sum(squares) for token, square in enumerate(squares)} == shares(choose(temperature=0.5))


def test_top_k_keeps_the_k_likeliest(choose: Choose) -> None:
    assert shares(choose(top_k=2)) == {0: 2 / 3, 1: 1 / 3}


def test_top_p_keeps_the_fewest_that_reach_p(choose: Choose) -> None:
    assert set(choose(top_p=0.75)) == {0, 1}
    assert set(choose(top_p=0.76)) == {0, 1, 2}
    assert set(choose(top_p=0.01)) == {0}


def test_top_p_is_of_what_top_k_has_left(choose: Choose) -> None:
    assert set(choose(top_k=2, top_p=0.6)) == {0}


def test_min_p_keeps_what_is_likely_beside_the_likeliest(choose: Choose) -> None:
    assert set(choose(min_p=0.4)) == {0, 1}


def test_a_nucleus_wider_than_the_shortlist_is_found_all_the_same(choose: Choose) -> None:
    flat = (1 / 5000,) * 5000
    assert max(choose(flat, top_p=0.9)) > 1024


def test_a_bias_makes_or_breaks_a_token(choose: Choose) -> None:
    assert set(choose(logit_bias={2: 100})) == {2}
    assert 0 not in choose(logit_bias={0: -100})


def test_only_allowed_tokens_come(choose: Choose) -> None:
    assert set(choose(allowed_token_ids=(1, 2))) == {1, 2}
    assert set(choose(allowed_token_ids=(1, 2), temperature=0)) == {1}


def test_an_end_does_not_come_before_the_least_number_of_tokens(choose: Choose) -> None:
    assert 3 not in choose(min_tokens=1)
    assert 3 in choose(min_tokens=1, output=(0,))


def test_frequency_counts_and_presence_notes_what_was_said(torch: Any) -> None:
    from models.demo.sampler import _penalised

    sequence = running(output=(1, 1, 2), prompt=(0,), frequency_penalty=0.5, presence_penalty=0.25)
    assert _penalised(torch.zeros(4), sequence).tolist() == [0, -1.25, -0.75, 0]


def test_repetition_divides_what_is_positive_and_multiplies_what_is_not_also_for_the_prompt(torch: Any) -> None:
    from models.demo.sampler import _penalised

    sequence = running(output=(1,), prompt=(0, 2), repetition_penalty=2.0)
    assert _penalised(torch.tensor([4.0, -4.0, 0.0, 4.0]), sequence).tolist() == [2, -8, 0, 4]


def test_a_seed_gives_the_same_tokens_again(choose: Choose) -> None:
    assert choose(seed=5) == choose(seed=5) != choose(seed=6)


def test_likelihoods_are_of_the_raw_logits_with_the_rank_of_the_token(torch: Any) -> None:
    from models.demo.sampler import TorchSampler

    sequence = running(temperature=0, logit_bias={1: 100}, logprobs=2)
    (choice,) = TorchSampler().choose(torch.tensor([PROBABILITIES]).log(), [sequence])
    assert choice.likelihood is not None
    assert (choice.token, choice.likelihood.rank) == (1, 2)
    assert choice.likelihood.logprob == pytest.approx(-1.386294, abs=1e-5)
    assert [token for token, _ in choice.likelihood.top] == [0, 1]
