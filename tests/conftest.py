"""What holds for every test."""

from hypothesis import settings

from tests.postgres import (  # noqa: F401  (fixtures: known here, known everywhere)
    database,
    database_numbers,
    database_url,
    postgres,
    postgres_url,
    sqlite,
    sqlite_url,
)

# No deadline: how long an example takes tells of the machine. Few examples each, for the whole suite is run often; a
# search in earnest is `--hypothesis-profile=thorough`.
settings.register_profile("suite", deadline=None, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=5000)
settings.load_profile("suite")
