"""The standard policy: what the built-in detectors do where nobody has written a policy.

It is meant to be lived with: nothing is lost that an application needs, and what is blocked is what its author can take
out. Stricter or milder is a matter of a few lines in ``routing.yaml``.

prompt
    personal_data  pseudonyms: the model can still tell two people apart, and the reply gets the real values back
    secrets        block: a key that has left the house has to be changed, whoever read it; who sent it can take it out
    injection      flag: heuristics and a score see attacks, and some innocent talk about attacks; a person should look
                   first
    toxicity       flag: what is toxic is the house's to say; who blocks chooses a threshold on texts of its own
reply
    personal_data  placeholders: what the model knows of strangers, or was told by a tool, is not for this reader
    secrets        placeholders: the rest of the answer is still of use
    exfiltration   taken out: an image or link that carries data to a host nobody has named
    toxicity       flag, as above
    prompt_leak    flag: a system prompt that is quoted is a fault to look at, seldom a harm
    repetition     flag, structure flag: faults of quality that a caller may see for itself
    refusal        shadow: counted, to compare versions by; nobody is told

Length, language and words have nothing to say until an operator sets their limits.
"""

from guardrails.policy import Policy, PromptRules, ReplyRules, Rule

NAME = "standard"

STANDARD = Policy(
    prompt=PromptRules(
        personal_data=Rule(action="redact", style="pseudonym"),
        secrets="block",
        injection="flag",
        toxicity="flag",
    ),
    reply=ReplyRules(
        personal_data="redact",
        secrets="redact",
        exfiltration="redact",
        toxicity="flag",
        prompt_leak="flag",
        refusal="shadow",
        repetition="flag",
        structure="flag",
    ),
)
