"""API of stamps: apply, decide, suspend and withdraw, and how a sealed document stands."""

import base64
from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.frame import answer, decoded, now, who, write
from ggzy.opendata.access import require_may_read
from ggzy.seals import actions, queries, sealing

router = Router()


class StampIn(Schema):
    """The kind, the certificates it is bound to, and an image (PNG, base64); without one it is drawn from the name."""

    kind: str
    certificates: list[str]
    image: str = ""


class DecisionIn(Schema):
    """Whether the application is good, and why not."""

    good: bool
    reason: str = ""


class ChangeIn(Schema):
    """suspend, resume or withdraw, and why."""

    act: str
    reason: str = ""


class BindIn(Schema):
    """The fingerprint of the certificate to bind."""

    fingerprint: str


def _image(text: str) -> bytes | None:
    return decoded(text, field="image") if text else None


@router.get("/seals", tags=["电子签章"], summary="本单位和本人的印章及其经过")
def own(request: HttpRequest) -> HttpResponse:
    return answer({"stamps": [asdict(row) for row in queries.own_stamps(viewer=who(request))]})


@router.get("/seals/applications", tags=["电子签章"], summary="等交易中心审核的印章, 或某一状态的印章")
def applications(request: HttpRequest, state: str = "") -> HttpResponse:
    rows = queries.stamps_to_decide(viewer=who(request), state=state)
    return answer({"stamps": [asdict(row) for row in rows]})


@router.post("/seals", tags=["电子签章"], summary="申请印章")
@write
def apply(request: HttpRequest, body: StampIn) -> dict[str, Any]:
    made = actions.apply_for_stamp(
        kind=body.kind,
        image=_image(body.image),
        certificates=body.certificates,
        actor=who(request),
        now=now(),
    )
    return {"stamp": made.public_id, "state": made.state, "image": made.image}


@router.post("/seals/{stamp_id}/decision", tags=["电子签章"], summary="审核印章申请, 不能是申请人")
@write
def decide(request: HttpRequest, stamp_id: str, body: DecisionIn) -> dict[str, Any]:
    row = actions.decide_stamp(
        stamp_id=stamp_id, good=body.good, reason=body.reason, actor=who(request), now=now()
    )
    return {"stamp": row.public_id, "state": row.state}


@router.post("/seals/{stamp_id}/change", tags=["电子签章"], summary="停用、恢复或注销印章")
@write
def change(request: HttpRequest, stamp_id: str, body: ChangeIn) -> dict[str, Any]:
    row = actions.change_stamp(
        stamp_id=stamp_id, act=body.act, reason=body.reason, actor=who(request), now=now()
    )
    return {"stamp": row.public_id, "state": row.state}


@router.post("/seals/{stamp_id}/bind", tags=["电子签章"], summary="为在用的印章再绑定一张证书")
@write
def bind(request: HttpRequest, stamp_id: str, body: BindIn) -> dict[str, Any]:
    row = actions.bind_to_stamp(
        stamp_id=stamp_id, fingerprint=body.fingerprint, actor=who(request), now=now()
    )
    return {"stamp": row.public_id, "state": row.state}


@router.get("/seals/documents/{digest}", tags=["电子签章"], summary="签章文件的等级和时间戳状态")
def document(request: HttpRequest, digest: str) -> HttpResponse:
    require_may_read(digest=digest, viewer=who(request))
    return answer({"document": digest, "seal": queries.state_of(digest)})


class BesideIn(Schema):
    """What it is beside, and the SM2 signature (DER, base64) on the bytes that waited."""

    purpose: str
    subject: str
    signature: str


@router.get("/seals/beside", tags=["电子签章"], summary="等我用SM2证书签名的文件")
def beside_list(request: HttpRequest) -> HttpResponse:
    rows = sealing.beside_waiting(viewer=who(request))
    return answer(
        {"waiting": [{**asdict(row), "to_sign": base64.b64encode(row.to_sign).decode()} for row in rows]}
    )


@router.post("/seals/beside", tags=["电子签章"], summary="加入SM2签名; 然后重新取得待签内容并盖章")
@write
def beside(request: HttpRequest, body: BesideIn) -> dict[str, Any]:
    made = sealing.finish_beside(
        purpose=body.purpose, subject=body.subject, signature=body.signature, actor=who(request)
    )
    return {"document_sha256": made.document}
