"""Idempotency-Key: the second try of a write gets the first one's answer, in the same transaction as the act."""

import json
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from ggzy.kernel.refusals import BadInput

# a second claim of the key waits here until the first commits, then finds the row
_CLAIM = """
INSERT INTO kernel_rememberedanswer (actor, key, request_hash, made_at) VALUES (%s, %s, %s, clock_timestamp())
ON CONFLICT (actor, key) DO NOTHING RETURNING id
"""
_EARLIER = "SELECT request_hash, body::text FROM kernel_rememberedanswer WHERE actor = %s AND key = %s"
_KEEP = "UPDATE kernel_rememberedanswer SET body = %s WHERE id = %s"


class KeyReused(BadInput):
    """The same Idempotency-Key came with another request."""

    code = "input.idempotency_key_reused"


def once(*, actor: str, key: str, request_hash: str, work: Callable[[], Any]) -> Any:
    """Do a write once and return its JSON answer; a second call with the key returns the answer of the first.

    A second call that comes while the first is under way waits for it (the row is unique). A refusal rolls
    everything back, the key included: the next try is judged anew.

    :raises KeyReused: the key came before with another request
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, [actor, key, request_hash])
        claimed = cursor.fetchone()
        if claimed is None:
            cursor.execute(_EARLIER, [actor, key])
            earlier_hash, body = cursor.fetchone()
            if earlier_hash != request_hash:
                raise KeyReused("该Idempotency-Key已用于另一个请求, 请为新的请求换一个")
            return json.loads(body)
        body = work()
        cursor.execute(_KEEP, [json.dumps(body), claimed[0]])
        return body
