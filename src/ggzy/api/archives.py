"""API of archives and dispute packs: asked for, watched, downloaded, handed over."""

import base64
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.frame import answer, now, who, write
from ggzy.archives import actions, queries

router = Router()


class Taking(Schema):
    """How long the archive is kept (permanent, 30y, 10y), and the signature on the hand-over list."""

    retention: str
    signature: str


@router.get("/rounds/{round_id}/archive", tags=["归档"], summary="归档情况: 缺什么、谁负责, 以及自己的包")
def archive(request: HttpRequest, round_id: str) -> HttpResponse:
    return answer(queries.round_packages(round_id=round_id, viewer=who(request)))


@router.post("/rounds/{round_id}/archive", tags=["归档"], summary="打包电子档案(后台制作)")
@write
def ask_archive(request: HttpRequest, round_id: str) -> dict[str, Any]:
    made = actions.ask_archive(round_id=round_id, actor=who(request), now=now())
    return {"package": made.public_id, "state": made.state}


@router.post("/rounds/{round_id}/pack", tags=["归档"], summary="取争议证据包, 按本人的级别(后台制作)")
@write
def ask_pack(request: HttpRequest, round_id: str) -> dict[str, Any]:
    made = actions.ask_pack(round_id=round_id, actor=who(request), now=now())
    return {"package": made.public_id, "state": made.state}


@router.get("/packages/{package_id}", tags=["归档"], summary="一个包的进度和检测结果")
def package(request: HttpRequest, package_id: str) -> HttpResponse:
    return answer(queries.package(package_id=package_id, viewer=who(request)))


@router.get("/packages/{package_id}/file", tags=["归档"], summary="下载做好的包(ZIP)")
def package_file(request: HttpRequest, package_id: str) -> FileResponse:
    path, name = queries.package_file(package_id=package_id, viewer=who(request))
    return FileResponse(path.open("rb"), content_type="application/zip", filename=name, as_attachment=True)


@router.get("/rounds/{round_id}/archive/hand-over", tags=["归档"], summary="待签的移交清单")
def to_sign(request: HttpRequest, round_id: str, retention: str) -> HttpResponse:
    data = actions.hand_over_to_sign(round_id=round_id, retention=retention, actor=who(request))
    return answer({"to_sign": base64.b64encode(data).decode()})


@router.post("/rounds/{round_id}/archive/hand-over", tags=["归档"], summary="签署移交清单, 归档")
@write
def hand_over(request: HttpRequest, round_id: str, body: Taking) -> dict[str, Any]:
    made = actions.hand_over(round_id=round_id, **body.dict(), actor=who(request), now=now())
    return {"package": made.package.public_id, "handed_over_at": made.handed_over_at}
