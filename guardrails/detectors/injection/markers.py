"""The markers: shapes of attacks that words alone do not show, as RE2 over normal text."""

from typing import NamedTuple

from guardrails.detectors.injection.labels import EXFILTRATION, EXTRACTION, HIJACK, INDIRECT, MARKER, SMUGGLED


class Marker(NamedTuple):
    """``score`` is for a user's own words; ``strict`` for what a tool or a document says."""

    label: str
    score: float
    strict: float
    regex: str


MARKERS = (
    Marker(HIJACK, 0.35, 0.5, r"\b(?:stay|remain) in (?:character|role)|\bbreak(?:ing)? (?:your )?character\b"),
    Marker(INDIRECT, 0.4, 0.8,
           r"\b(?:do not|don't|never|without|must not) (?:tell|telling|inform|informing|notify|notifying|alert|"
           r"alerting|asking|mention (?:this|it|that) to|mentioning (?:this|it|that) to|reveal (?:this|it|that) to) "
           r"(?:the |any |your )?(?:users?|humans?|person|owner|operator|customer)\b"),
    Marker(MARKER, 0.55, 0.85,
           r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id|end_header_id|"
           r"begin_of_text|endofprompt|end|start)\|>"),
    Marker(MARKER, 0.45, 0.85, r"\[/?inst\]|<</?sys>>|<(?:start|end)_of_turn>"),
    Marker(MARKER, 0.35, 0.75,
           r"(?:^|\n)[ \t]*#{2,4} ?(?:system|instructions?|human|assistant|user|response|new instructions?)(?: "
           r"prompt| message| override| update)? ?:"),
    Marker(MARKER, 0.35, 0.75,
           r"(?:^|\n)[ \t]*[\[<({*]{0,2}(?:system|developer|admin)(?: (?:prompt|message|override|note|update|"
           r"instructions?|command))?[\])}>*]{0,2} ?:"),
    Marker(MARKER, 0.3, 0.7, r"\n[ \t]*(?:human|user): .{0,200}\n+[ \t]*(?:assistant|ai|bot):"),
    Marker(MARKER, 0.4, 0.75,
           r"</?(?:system|system_prompt|systemprompt|system-prompt|sys|assistant|instructions?)>"),
    Marker(MARKER, 0.45, 0.75,
           r"(?:-{3,}|={3,}|\*{3,}|#{3,}|\[|<) ?(?:begin|start|end)(?: of)?(?: the)?(?: new| user| system| "
           r"admin| hidden| original)? ?(?:input|prompt|instructions?|system|context|document|message|override)"),
    Marker(HIJACK, 0.85, 0.9, r"\bdo anything now\b|\bd\.a\.n\.?\b|\bbetterdan\b"),
    Marker(HIJACK, 0.3, 0.6,
           r"\bfrom (?:now|this (?:moment|point)) (?:on|own|onwards?|forward)s?,? (?:you|ur|your|chatgpt|"
           r"please|act|respond|answer|pretend|every)\b"),
    Marker(HIJACK, 0.3, 0.6,
           r"\byou are (?:now|no longer) (?:an?|the|my|in|operating|called|named|going|free|chatgpt|bound|"
           r"limited)\b"),
    Marker(HIJACK, 0.25, 0.5, r"\b(?:[a-z]{2,12}, which )?stands for .{0,3}(?:do|can do|always|strive|anything)\b"),
    Marker(HIJACK, 0.35, 0.6, r"\bas an ai(?: language)? model\b"),
    Marker(HIJACK, 0.35, 0.6,
           r"\b(?:jailbreak(?:ed|en)?|jailbroken) (?:mode|enabled|activated|prompt|version|successful|yourself)"
           r"\b"),
    Marker(HIJACK, 0.45, 0.7, r"\[(?:gpt|chatgpt|classic|🔒classic)\]|🔓|\bopenai'?s? (?:content )?polic(?:y|ies)\b"),
    Marker(HIJACK, 0.4, 0.6,
           r"\b(?:any|all|no|whatever|without) (?:ethical|moral|safety|content)(?:,| or| and| \w+)? (?:\w+ )?(?"
           r":guidelines|filters?|constraints|restrictions|limitations|concerns|considerations|standards|"
           r"boundaries|principles|policies|codes?|limits|rules|warnings|obligations)\b"),
    Marker(HIJACK, 0.5, 0.7,
           r"\byou (?:can|may|will|must|could|are able to) (?:now )?(?:do|say|generate|answer) (?:anything|"
           r"everything)\b"),
    Marker(HIJACK, 0.45, 0.6,
           r"\b(?:no|any) (?:disclaimers?|warnings?|moral (?:lectures?|judgments?)|ethical (?:warnings?|"
           r"reminders?))\b"),
    Marker(EXTRACTION, 0.75, 0.85,
           r"\b(?:repeat|print|output|copy|echo|recite|show me|give me|tell me|display|write)\b.{0,30}\b(?"
           r":words|text|everything|content|all|lines|message|sentences?|instructions|paragraphs?)\b.{0,20}\b(?"
           r":above|before this|preceding|prior to this|previously|up to this point|so far)\b"),
    Marker(EXTRACTION, 0.5, 0.6, r"\bstart(?:ing|s)? with.{0,20}[\"']?you are (?:a|an|chatgpt|\w+gpt|\.\.)"),
    Marker(EXTRACTION, 0.6, 0.7,
           r"\bwhat (?:were|was|are) (?:you|the (?:instructions|rules|text|message)) (?:initially |originally |"
           r"first )?(?:told|instructed|given|before|above|programmed)\b"),
    Marker(EXTRACTION, 0.55, 0.7,
           r"\bwhat(?: does|'s| is| was)? (?:your|the|ur) (?:system|initial|hidden|secret|first|original) ?(?"
           r":prompt|instructions?|message)\b"),
    Marker(INDIRECT, 0.15, 0.7,
           r"\b(?:attention|dear|hey|hello|listen,?|important,?|to the|to all|to any) (?:ai|llm|language model|"
           r"chatbot|chatgpt|gpt|ai assistant|assistant)s?\b"),
    Marker(EXFILTRATION, 0.5, 0.85,
           r"!\[[^\]]{0,80}\]\(https?://[^)\s]{1,200}[?&/=][^)\s]{0,80}[{<\[$][a-z_ ]{2,40}[}>\]]"),
    Marker(SMUGGLED, 0.35, 0.6,
           r"\b\w{1,8} ?= ?[\"'][^\"'\n]{1,60}[\"'][;,\n ]{1,3}\w{1,8} ?= ?"
           r"[\"'][^\"'\n]{1,60}[\"'][^+]{0,120}\b\w{1,8} ?\+ ?\w{1,8}\b"),
)
