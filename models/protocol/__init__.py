"""The wire of OpenAI and vLLM, without I/O: requests read strictly, replies read as frames."""
