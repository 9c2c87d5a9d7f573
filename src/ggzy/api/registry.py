"""API of the registry of subjects."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema

from ggzy.api.frame import answer, decoded, now, who, write
from ggzy.registry import actions, queries
from ggzy.registry.rules import Kind

router = Router()


class RecordFile(Schema):
    """A file of a record, base64."""

    name: str
    data: str


class RecordIn(Schema):
    """A record: its kind, its values as texts, its files; `record` to make a new version of one."""

    kind: Kind
    values: dict[str, str]
    record: str = ""
    files: list[RecordFile] = []


@router.get("/registry/records", tags=["主体"], summary="本单位的登记信息和核验情况")
def own(request: HttpRequest) -> HttpResponse:
    return answer({"records": queries.own_records(actor=who(request), now=now())})


@router.post("/registry/records", tags=["主体"], summary="登记或变更一条信息, 即时可用, 不审批")
@write
def keep(request: HttpRequest, body: RecordIn) -> dict[str, Any]:
    made = actions.keep_record(
        kind=body.kind,
        values=body.values,
        attached=[(f.name, decoded(f.data, field="files")) for f in body.files],
        record_id=body.record,
        actor=who(request),
        now=now(),
    )
    return {"record": made.record.public_id, "version": made.number, "version_sha256": made.sha256}


@router.post("/registry/records/{record_id}/end", tags=["主体"], summary="停用一条登记信息, 历史版本保留")
@write
def end(request: HttpRequest, record_id: str) -> dict[str, Any]:
    made = actions.end_record(record_id=record_id, actor=who(request), now=now())
    return {"record": record_id, "version": made.number, "withdrawn": made.withdrawn}


@router.get("/registry/records/{record_id}", tags=["主体"], summary="一条登记信息的全部版本")
def versions(request: HttpRequest, record_id: str) -> HttpResponse:
    return answer({"versions": queries.history(record_id=record_id, actor=who(request), now=now())})


@router.get(
    "/registry/snapshot",
    tags=["主体"],
    summary="本单位登记信息的固定副本, 由投标客户端放进加密的投标文件; 读取不作记录",
)
def snapshot(request: HttpRequest, record: list[str] = Query([])) -> HttpResponse:
    return answer(queries.own_snapshot(records=record, actor=who(request), now=now()))


@router.get("/registry/organisations", tags=["主体"], summary="查找已登记的单位")
def find(request: HttpRequest, words: str = "", kind: str = "", page: int = 1) -> HttpResponse:
    rows = queries.find_organisations(words=words.replace("\0", ""), kind=kind, page=min(page, 9999))
    return answer({"organisations": rows[:20], "more": len(rows) > 20})


@router.get("/registry/organisations/{organisation_id}", tags=["主体"], summary="一个单位的公开信息")
def one(request: HttpRequest, organisation_id: str) -> HttpResponse:
    return answer(queries.organisation(organisation_id=organisation_id, now=now()))
