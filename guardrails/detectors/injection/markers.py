"""The markers: shapes of attacks that words alone do not show, as RE2 over normal text."""

from typing import NamedTuple

from guardrails.detectors.injection.labels import EXFILTRATION, EXTRACTION, HIJACK, INDIRECT, MARKER, SMUGGLED


class Marker(NamedTuple):
    """``score`` is for a user's own words; ``strict`` for what a tool or a document says. ``hint`` is looked for first,
    in one automaton with all others: where the shape has gaps, which would multiply its states, it has none."""

    label: str
    score: float
    strict: float
    regex: str
    hint: str = ""


MARKERS = (
    Marker(HIJACK, 0.3, 0.5,
           r"\b(?:never|not|won't|doesn't|cannot) (?:say|says|refuse|refuses|decline|declines|apologi[sz]es?)\b"),
    Marker(HIJACK, 0.35, 0.5,
           r"\b(?:(?:does|do)(?:n't| not) care (?:about|for)|regardless of|no regard for|ignores?) (?:the |any |"
           r"all )?(?:laws?|ethics|morals|morality|legality|legal|ethical|moral|consequences)\b"),
    Marker(HIJACK, 0.25, 0.4,
           r"\b(?:answers?|complies|compl(?:y|ies) with|does|generates?|fulfills?) (?:to )?(?:anything|"
           r"everything|any (?:question|request|order|prompt)|all (?:my |of my )?(?:questions|requests|orders|"
           r"prompts))\b"),
    Marker(HIJACK, 0.4, 0.5,
           r"\bgrand(?:mother|ma|pa|father|mom)\b[^.\n]{0,60}\b(?:used to|would(?: always)?) (?:read|tell|sing|"
           r"recite|whisper)\b",
           hint=r"\bgrand(?:mother|ma|pa|father|mom)\b"),
    Marker(HIJACK, 0.35, 0.5,
           r"\b(?:act as|be|pretend to be|play|roleplay as) my (?:late |dead |deceased )?grand(?:mother|ma)\b"),
    Marker(HIJACK, 0.3, 0.5,
           r"\b(?:broken|break|breaks) free (?:of|from)\b|\bno longer (?:bound|confined|restricted|limited)\b"),
    Marker(HIJACK, 0.25, 0.4,
           r"\b(?:no limits|zero restrictions|without limits|no rules|no restrictions|anything goes)\b"),
    Marker(MARKER, 0.35, 0.75, r"(?:^|\n)[ \t]*\[/?(?:system|admin|developer|sys)\]"),
    Marker(HIJACK, 0.35, 0.5, r"\b(?:stay|remain) in (?:character|role)|\bbreak(?:ing)? (?:your )?character\b"),
    Marker(INDIRECT, 0.4, 0.8,
           r"\b(?:do not|don't|never|without|must not) (?:tell|telling|inform|informing|notify|notifying|alert|"
           r"alerting|asking|mention (?:this|it|that) to|mentioning (?:this|it|that) to|reveal (?:this|it|that) "
           r"to) (?:the |any |your )?(?:users?|humans?|person|owner|operator|customer)\b"),
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
    Marker(MARKER, 0.3, 0.7,
           r"\n[ \t]*(?:human|user): .{0,200}\n+[ \t]*(?:assistant|ai|bot):",
           hint=r"\n[ \t]*(?:human|user): "),
    Marker(MARKER, 0.4, 0.75, r"</?(?:system|system_prompt|systemprompt|system-prompt|sys|assistant|instructions?)>"),
    Marker(MARKER, 0.45, 0.75,
           r"(?:-{3,}|={3,}|\*{3,}|#{3,}|\[|<) ?(?:begin|start|end)(?: of)?(?: the)?(?: new| user| system| admin|"
           r" hidden| original)? ?(?:input|prompt|instructions?|system|context|document|message|override)"),
    Marker(HIJACK, 0.85, 0.9, r"\bdo anything now\b|\bd\.a\.n\.?\b|\bbetterdan\b"),
    Marker(HIJACK, 0.3, 0.6,
           r"\bfrom (?:now|this (?:moment|point)) (?:on|own|onwards?|forward)s?,? (?:you|ur|your|chatgpt|please|"
           r"act|respond|answer|pretend|every)\b"),
    Marker(HIJACK, 0.3, 0.6,
           r"\byou are (?:now|no longer) (?:an?|the|my|in|operating|called|named|going|free|chatgpt|bound|"
           r"limited)\b"),
    Marker(HIJACK, 0.25, 0.5,
           r"\b(?:[a-z]{2,12}, which )?stands for .{0,3}(?:do|can do|always|strive|anything)\b",
           hint=r"\bstands for "),
    Marker(HIJACK, 0.35, 0.6, r"\bas an ai(?: language)? model\b"),
    Marker(HIJACK, 0.35, 0.6,
           r"\b(?:jailbreak(?:ed|en)?|jailbroken) (?:mode|enabled|activated|prompt|version|successful|yourself)\b"),
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
           r"\b(?:repeat|print|output|copy|echo|recite|show me|give me|tell me|display|write|summari[sz]e)"
           r"\b[^.:;\n]{0,30}\b(?:words|text|everything|content|all|lines|message|sentences?|instructions|"
           r"paragraphs?)\b[^.:;\n]{0,20}\b(?:above(?: this| in | starting| and | verbatim| word| into|[.,:!?;\")"
           r"\n]|$)|before this|prior to this|up to this point|so far in th)",
           hint=r"\babove(?: this| in | starting| and | verbatim| word| into|[.,:!?;\")\n]|$)|\b(?:before this|"
                r"prior to this|up to this point|so far in th)"),
    Marker(EXTRACTION, 0.5, 0.6,
           r"\byour (?:system|developer|initial|hidden|original|secret|internal) (?:messages?|prompt|text|"
           r"configuration|settings|instructions?|directives?)\b"),
    Marker(EXTRACTION, 0.45, 0.6,
           r"\b(?:rules|instructions|guidelines|directions|prompt|directives) (?:that )?(?:you|your (?"
           r":developers?|creators?|makers?|owners?|programmers?)) (?:were |was |have been |have |had )?(?:given|"
           r"gave|got|received|told|set|follow|must follow|operate under|define|defines)\b"),
    Marker(EXTRACTION, 0.4, 0.6,
           r"\b(?:what|which|show|tell|repeat|print|write|list|reveal|say)\b[^.:;\n]{0,40}\byou (?:were|are|have "
           r"been) (?:initially |originally |first |previously )?(?:told|instructed|given|programmed) (?:to|at|"
           r"by|before|not|earlier|above|in the beginning|when)\b",
           hint=r"\byou (?:were|are|have been) (?:initially |originally |first |previously )?(?:told|instructed|"
                r"given|programmed) "),
    Marker(EXTRACTION, 0.45, 0.6,
           r"\bwhat (?:would|will|can|could|should|must|do) (?:make|cause|get|i (?:say|type|enter|write)|someone "
           r"say)\b[^.\n]{0,25}\b(?:say|grant|access|granted|respond|reply)\b",
           hint=r"\bwhat (?:would|will|can|could|should|must|do) (?:make|cause|get|i (?:say|type|enter|write)|"
                r"someone say)\b"),
    Marker(EXTRACTION, 0.45, 0.6,
           r"\b(?:forgot|lost|misplaced|need|give me|have) (?:the|my|your) (?:access code|secret (?:key|code|"
           r"phrase|word)|system prompt|passphrase|security code)\b"),
    Marker(EXTRACTION, 0.3, 0.5, r"\baccess (?:code|granted)\b"),
    Marker(EXTRACTION, 0.5, 0.6,
           r"\bstart(?:ing|s)? with.{0,20}[\"']?you are (?:a|an|chatgpt|\w+gpt|\.\.)",
           hint=r"\bstart(?:ing|s)? with\b"),
    Marker(EXTRACTION, 0.6, 0.7,
           r"\bwhat (?:were|was|are) (?:you|the (?:instructions|rules|text|message)) (?:initially |originally |"
           r"first )?(?:told|instructed|given|before|above|programmed)\b"),
    Marker(EXTRACTION, 0.55, 0.7,
           r"\bwhat(?: does|'s| is| was)? (?:your|the|ur) (?:system|initial|hidden|secret|original) ?(?"
           r":prompt|instructions?|message)\b"),
    Marker(INDIRECT, 0.15, 0.45,
           r"\b(?:attention|dear|hey|hello|listen,?|important,?|to the|to all|to any) (?:ai|llm|language model|"
           r"chatbot|chatgpt|gpt|ai assistant|assistant)s?\b"),
    Marker(EXFILTRATION, 0.5, 0.85,
           r"!\[[^\]]{0,80}\]\(https?://[^)\s]{1,200}[?&/=][^)\s]{0,80}[{<\[$][a-z_ ]{2,40}[}>\]]",
           hint=r"\]\(https?://"),
    Marker(SMUGGLED, 0.35, 0.6,
           r"\b\w{1,8} ?= ?[\"'][^\"'\n]{1,60}[\"'][;,\n ]{1,3}\w{1,8} ?= ?"
           r"[\"'][^\"'\n]{1,60}[\"'][^+]{0,120}\b\w{1,8} ?\+ ?\w{1,8}\b",
           hint=r"[\"'][;,\n ]{1,3}\w{1,8} ?= ?[\"']"),
)
