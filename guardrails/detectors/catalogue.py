"""The detectors of this release, by the name that a policy gives them."""

from guardrails.compiling import Catalogue

# A maker takes the rule, and raises ValueError where its settings cannot be used.
CATALOGUE: Catalogue = {}
