"""The labels of what the detector finds."""

OVERRIDE = "INSTRUCTION_OVERRIDE"  # earlier instructions are to be set aside
HIJACK = "ROLE_HIJACK"  # the model is to be another one, without limits
EXTRACTION = "PROMPT_EXTRACTION"  # what the model was told is to be shown
MARKER = "TURN_MARKER"  # text that plays a turn of the conversation
INDIRECT = "INDIRECT_INSTRUCTION"  # a document or a tool speaks to the model
EXFILTRATION = "EXFILTRATION"  # data is to be sent away
SMUGGLED = "HIDDEN_TEXT"  # what nobody sees, or what comes encoded or in parts
