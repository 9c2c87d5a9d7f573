"""API of witnesses: the wall, a session's checklist, incidents with evidence, reminders, the sealed report."""

import base64
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from ninja import File, Form, Router, Schema
from ninja.files import UploadedFile

from ggzy.api.bids import SignatureIn, Text
from ggzy.api.frame import answer, now, who, write
from ggzy.kernel import files
from ggzy.witnessing import actions, queries
from ggzy.witnessing import wall as sessions

router = Router()


class SessionIn(Schema):
    """What is witnessed: opening or evaluation with its round, draw with its draw."""

    kind: str
    subject: str


class MarkIn(Schema):
    """An item of the checklist: yes, no (with a note) or na."""

    item: str
    result: str
    note: str = ""


class OpinionIn(Schema):
    """What the supervisor says to it."""

    opinion: str = ""


@router.get("/witness/wall", tags=["见证"], summary="见证墙: 今天的开标、抽取、评标, 有告警的在前")
def wall(request: HttpRequest) -> HttpResponse:
    return answer({"sessions": [asdict(row) for row in sessions.wall(viewer=who(request), now=now())]})


@router.post("/witness/sessions", tags=["见证"], summary="开始见证")
@write
def begin(request: HttpRequest, body: SessionIn) -> dict[str, Any]:
    made = actions.begin(**body.dict(), actor=who(request), now=now())
    return {"session": made.public_id, "state": made.state}


@router.get("/witness/sessions/{session_id}", tags=["见证"], summary="一场见证")
def desk(request: HttpRequest, session_id: str) -> HttpResponse:
    return answer(asdict(queries.desk(session_id, viewer=who(request))))


@router.post("/witness/sessions/{session_id}/marks", tags=["见证"], summary="核对一项")
@write
def mark(request: HttpRequest, session_id: str, body: MarkIn) -> dict[str, Any]:
    made = actions.mark(session_id=session_id, **body.dict(), actor=who(request), now=now())
    return {"item": made.item, "result": made.result, "marked_at": made.marked_at}


@router.post("/witness/sessions/{session_id}/incidents", tags=["见证"], summary="登记异常, 可附证据文件")
@write
def register(
    request: HttpRequest,
    session_id: str,
    kind: str = Form(...),  # noqa: B008 - ninja's way of declaring
    text: str = Form(...),  # noqa: B008
    happened_at: datetime | None = Form(None),  # noqa: B008
    notify: bool = Form(False),  # noqa: B008
    evidence: list[UploadedFile] = File([]),  # noqa: B008
) -> dict[str, Any]:
    at = now()
    made = actions.register(
        session_id=session_id,
        kind=kind,
        text=text,
        happened_at=happened_at or at,
        evidence=[actions.Upload(name=f.name or "", size=f.size or 0, read=f.read) for f in evidence],
        notify=notify,
        actor=who(request),
        now=at,
    )
    return {"incident": made.public_id, "evidence": made.evidence, "notified_at": made.notified_at}


@router.post("/witness/sessions/{session_id}/reminders", tags=["见证"], summary="提醒招标人(代理机构)")
@write
def remind(request: HttpRequest, session_id: str, body: Text) -> dict[str, Any]:
    made = actions.remind(session_id=session_id, text=body.text, actor=who(request), now=now())
    return {"reminder": made.public_id, "sent_at": made.sent_at}


@router.post("/witness/incidents/{incident_id}/notice", tags=["见证"], summary="把异常报送监督部门")
@write
def notify(request: HttpRequest, incident_id: str) -> dict[str, Any]:
    made = actions.notify(incident_id=incident_id, actor=who(request), now=now())
    return {"incident": made.public_id, "notified_at": made.notified_at}


@router.post("/witness/incidents/{incident_id}/acknowledgement", tags=["见证"], summary="监督部门阅知")
@write
def acknowledge(request: HttpRequest, incident_id: str, body: OpinionIn) -> dict[str, Any]:
    made = actions.acknowledge(incident_id=incident_id, opinion=body.opinion, actor=who(request), now=now())
    return {"incident": made.public_id, "acknowledged_at": made.acknowledged_at}


@router.post("/witness/sessions/{session_id}/end", tags=["见证"], summary="结束见证")
@write
def end(request: HttpRequest, session_id: str) -> dict[str, Any]:
    made = actions.end(session_id=session_id, actor=who(request), now=now())
    return {"session": made.public_id, "state": made.state}


@router.post("/witness/sessions/{session_id}/report", tags=["见证"], summary="生成见证报告, 取得待签内容")
@write
def prepare_report(request: HttpRequest, session_id: str) -> dict[str, Any]:
    made = actions.prepare_report(session_id=session_id, actor=who(request), now=now())
    return {"to_sign": base64.b64encode(bytes(made.to_sign)).decode(), "document_sha256": made.document}


@router.post("/witness/sessions/{session_id}/report/seal", tags=["见证"], summary="签章并签发见证报告")
@write
def finish_report(request: HttpRequest, session_id: str, body: SignatureIn) -> dict[str, Any]:
    made = actions.finish_report(
        session_id=session_id, signature=body.signature, actor=who(request), now=now()
    )
    return {"state": made.state, "report_sha256": made.report}


@router.get("/witness/sessions/{session_id}/files/{digest}", tags=["见证"], summary="见证报告和证据文件")
def file(request: HttpRequest, session_id: str, digest: str) -> FileResponse:
    name = queries.file_of(session_id=session_id, digest=digest, viewer=who(request))
    return FileResponse(files.path_of(digest).open("rb"), as_attachment=True, filename=name)
