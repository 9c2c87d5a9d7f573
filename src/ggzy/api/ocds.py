"""Open data: every public process as OCDS 1.1."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from ggzy.api.frame import answer, now
from ggzy.opendata import ocds

router = Router()


@router.get("/releases", tags=["开放数据"], summary="OCDS 发布包, 按日志顺序, 不跳号")
def releases(request: HttpRequest, after: int = -1, limit: int = 200) -> HttpResponse:
    limit = min(max(limit, 1), 1000)
    found, upto = ocds.releases_after(after, limit=limit)
    base = f"{request.scheme}://{request.get_host()}/api/ocds/releases"
    package = ocds.package(found, uri=f"{base}?after={after}&limit={limit}", at=now())
    if upto > after:
        package["links"] = {"next": f"{base}?after={upto}&limit={limit}"}
    return answer(package)


@router.get("/records/{ocid}", tags=["开放数据"], summary="OCDS 记录包")
def record(request: HttpRequest, ocid: str) -> HttpResponse:
    uri = f"{request.scheme}://{request.get_host()}/api/ocds/records/{ocid}"
    return answer(ocds.record_package(ocid, uri=uri, at=now()))
