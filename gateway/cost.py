"""The cost of an exchange: its tokens at the price of the version that answered."""

from gateway.exchange import Exchange


def note_cost(exchange: Exchange) -> None:
    """Writes it into the record; 0 stays where the version has no price, or nothing is known of tokens.

    All that upstream says it has worked for counts, whoever has read it: also of a stream that its client has left.
    What was remembered cost nothing: there it is what was saved.
    """
    record, route = exchange.record, exchange.route
    if route is None or record.usage_source == "none":
        return
    price = route.targets[record.arm_served].price
    if price is None:
        return
    micros = price.micros(record.prompt_tokens, record.cached_tokens, record.completion_tokens)
    if record.usage_source == "cached":
        record.saved_micros = micros
    else:
        record.cost_micros = micros
