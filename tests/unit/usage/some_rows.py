"""Usage rows of every kind, by a seed: what lists and summaries are tried with."""

import random
from decimal import Decimal

from plexus.ir.drops import Drop
from plexus.usage.row import AttemptRow, RowStatus, UsageRow

STATUSES: tuple[RowStatus, ...] = ("ok", "ok", "ok", "error", "cancelled", "timeout", "interrupted")


def some_rows(seed: int, count: int, since: int, until: int) -> list[UsageRow]:
    """So many rows between two moments, in milliseconds."""
    dice = random.Random(seed)
    return [_row(dice, f"r{seed}-{number:06}", dice.randrange(since, until)) for number in range(count)]


def _row(dice: random.Random, name: str, moment: int) -> UsageRow:
    status = dice.choice(STATUSES)
    provider, model = dice.choice(["a", "b"]), dice.choice(["m", "m%", "m_", "M"])
    cost = None if dice.random() < 0.2 else Decimal(dice.randrange(1, 400)) / 8
    sent, said = dice.randrange(50), dice.randrange(50)
    attempt = AttemptRow(
        provider=provider, model=model, status="ok", billed=True, cost=cost, input_tokens=sent, output_tokens=said
    )
    aside = AttemptRow(provider=provider, model="advisor", status="ok", aside=True)
    return UsageRow(
        request_id=name,
        started_at=moment,
        key=dice.choice(["me", "you", "%"]),
        attribution=dice.choice([None, "team"]),
        alias=dice.choice(["fast", "smart"]),
        client_protocol=dice.choice(["chat", "gemini"]),
        provider=provider,
        model=model,
        streaming=dice.random() < 0.5,
        status=status,
        error_class=None if status == "ok" else dice.choice(["upstream_error", "quota"]),
        error=None if status == "ok" else "it did not work",
        cost=cost,
        cost_source="unknown" if cost is None else "configured",
        duration_ms=float(dice.randrange(1, 60)),
        ttft_ms=dice.choice([None, 12.5]),
        attempts=(attempt, aside) if dice.random() < 0.3 else (attempt,),
        fidelity=(Drop("dropped", "seed", "no place"),) if dice.random() < 0.2 else (),
        input_tokens=sent,
        output_tokens=said,
    )
