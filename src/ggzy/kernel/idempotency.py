"""Idempotency-Key: the second try of a write gets the first one's answer, in the same transaction as the act."""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from ggzy.kernel.models import RememberedAnswer
from ggzy.kernel.refusals import BadInput


class KeyReused(BadInput):
    """The same Idempotency-Key came with another request."""

    code = "input.idempotency_key_reused"


def once(*, actor: str, key: str, request_hash: str, work: Callable[[], Any]) -> Any:
    """Do a write once and return its JSON answer; a second call with the key returns the answer of the first.

    A second call that comes while the first is under way waits for it (the row is unique). A refusal rolls
    everything back, the key included: the next try is judged anew.

    :raises KeyReused: the key came before with another request
    """
    with transaction.atomic():
        row, fresh = RememberedAnswer.objects.get_or_create(
            actor=actor, key=key, defaults={"request_hash": request_hash}
        )
        if not fresh:
            if row.request_hash != request_hash:
                raise KeyReused("该Idempotency-Key已用于另一个请求, 请为新的请求换一个")
            return row.body
        row.body = work()
        row.save(update_fields=["body"])
        return row.body
