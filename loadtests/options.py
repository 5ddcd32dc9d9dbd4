"""The options that we add to Locust's own; `locust -f loadtests/locustfile.py --help` shows them at its end."""

from typing import Any

from loadtests.shapes import SHAPES

STEADY = "steady"


def add(parser: Any) -> None:
    """Adds them to Locust's parser. Each may also come from the environment, as its help says."""
    group = parser.add_argument_group("Chat", "What the simulated people ask for")
    group.add_argument("--model", default="assistant", env_var="LOAD_MODEL", help="Model to ask for [%(default)s]")
    group.add_argument("--max-tokens", type=int, default=64, help="Longest reply, in tokens [%(default)s]")
    group.add_argument("--stream-share", type=float, default=0.7, help="Share of streamed chats, 0 to 1 [%(default)s]")
    group.add_argument(
        "--repeat-share",
        type=float,
        default=0.2,
        help="Share of chats that others asked before, word for word [%(default)s]",
    )
    group.add_argument(
        "--think-seconds", type=float, default=1.0, help="Mean pause after a reply; 0: none [%(default)s]"
    )
    group.add_argument("--seed", type=int, default=1, help="Equal seeds ask equal questions [%(default)s]")
    group.add_argument("--bare", action="store_true", help="The host is vLLM itself: do not ask for x-request-id")
    group.add_argument(
        "--shape",
        choices=[STEADY, *SHAPES],
        default=STEADY,
        help="Users over the run time (-t): all, or a shape [%(default)s]",
    )
    group.add_argument(
        "--max-fail-ratio",
        type=float,
        default=0.01,
        help="Exit 1 if more than this share of requests failed [%(default)s]",
    )
    # Only the parser itself, not a group, keeps a value out of the web page.
    parser.add_argument("--api-key", default="", env_var="LOAD_API_KEY", is_secret=True, help="Sent as a bearer token")
