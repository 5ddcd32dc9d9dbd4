"""Guard models: language models that judge a conversation. How each wants to be asked, and what its answers mean."""
