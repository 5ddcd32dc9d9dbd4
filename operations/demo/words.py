"""What the demo says when it is ready."""

_PYTHON = '''\
  from openai import OpenAI
  client = OpenAI(base_url="{base}", api_key="none")
  for part in client.chat.completions.create(
          model="assistant", max_tokens=100, stream=True,
          messages=[{{"role": "user", "content": "Name three rivers."}}]):
      print(part.choices[0].delta.content or "", end="")
'''

_READY = '''\

Gatewright is ready at {base}
Two versions of a small model answer there as "assistant": smol-1 gets 90 % of the users, smol-2 the rest.

Try it:
  curl {base}/chat/completions -H 'content-type: application/json' -d '{{"model": "assistant", "max_tokens": 100, "messages": [{{"role": "user", "content": "Name three rivers."}}]}}'
  curl -N {base}/chat/completions -H 'content-type: application/json' -d '{{"model": "assistant", "max_tokens": 100, "messages": [{{"role": "user", "content": "Tell me a story."}}], "stream": true}}'
  curl {base}/models

With the openai package:
{python}
Console:  {console}
Routing:  {routing}   (edit it: a good change is live within two seconds)
Why was a reply what it was?   gatewright explain ID --admin {console}   (ID: its x-request-id)
Log:      {log}

Ctrl-C ends all of it.
'''  # noqa: E501 a command to be copied stands on one line


def ready(base: str, console: str, routing: str, log: str) -> str:
    """The message, with three curl lines, a Python program and the console's address."""
    return _READY.format(base=base, console=console, routing=routing, log=log, python=_PYTHON.format(base=base))
