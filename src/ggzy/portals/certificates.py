"""One's own certificates through their life: apply, bind, renew, report lost, and what was sealed to a lost one."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from ggzy.bidding.queries import SealedTo, live_bids_sealed_to
from ggzy.identity import actions as identity
from ggzy.identity import listed, trust
from ggzy.identity.queries import OwnCertificate, certificates_of, life_of
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, NotSignedIn, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.login import holder
from ggzy.portals.middleware import COOKIE
from ggzy.portals.sealing import spki
from ggzy.portals.work import Todo, only_posted, refused_here

_PAGE = "login/certificates.html"
_BEGINS = "-----BEGIN CERTIFICATE REQUEST-----"


def _sealed(rows: list[OwnCertificate], actor: Actor, moment: datetime) -> dict[str, list[SealedTo]]:
    """Return the bidder's own live bids by the ended certificate their envelopes are to."""
    ended = [row.fingerprint for row in rows if not row.usable]
    out: dict[str, list[SealedTo]] = {}
    for bid in live_bids_sealed_to(ended, actor=actor, now=moment) if ended else ():
        out.setdefault(bid.certificate, []).append(bid)
    return out


def todos(actor: Actor, moment: datetime) -> list[Todo]:
    """Return the certificates to renew, and the bids whose envelopes are to a certificate that has ended."""
    rows = life_of(account_pk=actor.account_pk, now=moment)
    out = [
        Todo(
            what="换发即将到期的数字证书",
            where=f"序列号 {row.serial[:12]}…",
            href="/certificates#apply",
            label="换证",
            due=row.not_after,
        )
        for row in rows
        if row.state == "ending"
    ]
    for bids in _sealed(rows, actor, moment).values():
        out += [
            Todo(
                what="撤回投标, 用新证书重新加密后再递交: 密钥信封是给已停用的证书的",
                where=f"{bid.tender_name} · {bid.lot_name}",
                href=f"/work/rounds/{bid.round}/bid",
                label="去办理",
                due=bid.bid_deadline,
                urgent=True,
            )
            for bid in bids
        ]
    return out


def _page(request: HttpRequest) -> dict[str, Any]:
    actor, moment = who(request), now()
    rows = life_of(account_pk=actor.account_pk, now=moment)
    read = {row.fingerprint: trust.load(row.pem) for row in rows}
    sealed = _sealed(rows, actor, moment)
    shown = [
        {
            "row": row,
            "holder": holder(read[row.fingerprint]) or row.subject,
            "algorithm": trust.algorithm_of(read[row.fingerprint]),
            "sealed": sealed.get(row.fingerprint, []),
        }
        for row in rows
    ]
    number, cas = listed.cas(now=moment)
    return {
        "certificates": shown,
        "own_certificates": [
            {"fingerprint": row.fingerprint, "spki": spki(read[row.fingerprint])}
            for row in rows
            if row.usable
        ],
        "renewable": [one for one in shown if one["row"].usable],
        "cas": {ca.id: ca.name for ca in cas},
        "trust_list": number,
        "now": moment,
    }


def certificates(request: HttpRequest) -> HttpResponse:
    """Show one's own certificates; in training, issue one for an uploaded request."""
    if request.method != "POST":
        return show(request, _PAGE, _page(request))
    upload = request.FILES.get("csr_file")
    given = upload.read(100_000).decode("utf-8", "replace") if upload else text(request, "csr")
    renews = text(request, "renews")
    try:
        if "CERTIFICATE REQUEST" not in given:
            raise BadInput(f"请粘贴或选择证书申请文件(PEM), 以 {_BEGINS} 开头", field="csr")
        identity.apply_for_certificate(csr_pem=given, actor=who(request), now=now(), renews=renews)
    except Refusal as refusal:
        page = _page(request) | {"problem": refusal.message, "csr": given if not upload else ""}
        return show(request, _PAGE, page | {"renews": renews}, status=refusal.status)
    says = "新证书已签发并绑定, 旧证书在到期前仍可使用" if renews else "证书已签发并绑定"
    return done("/certificates", f"{says}, 现在可以用私钥文件验证身份")


def bind(request: HttpRequest) -> HttpResponse:
    """Show the text to sign with a certificate that another CA issued, and bind it once it was signed."""
    token = request.COOKIES.get(COOKIE, "")
    page: dict[str, Any] = {"renewable": _page(request)["renewable"]}
    if request.method != "POST":
        page["challenge"] = identity.renew_challenge(token=token)
        return show(request, "login/bind.html", page)
    upload = request.FILES.get("pem_file")
    pem = upload.read(100_000).decode("utf-8", "replace") if upload else text(request, "pem")
    given = {"pem": pem, "signature": text(request, "signature"), "renews": text(request, "renews")}
    try:
        identity.bind_own_certificate(
            token=token,
            pem=pem,
            signature=identity.decode_signature("".join(given["signature"].split())),
            actor=who(request),
            now=now(),
            renews=given["renews"],
        )
    except NotSignedIn:
        raise
    except Refusal as refusal:
        page["challenge"] = identity.renew_challenge(token=token)
        return refused_here(request, "login/bind.html", page, refusal, given=given | {"signature": ""})
    return done("/certificates", "证书已核对并绑定")


def lost(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Report a certificate lost; whoever was signed in with it signs in again."""
    mine = who(request).certificate == fingerprint
    identity.report_lost(fingerprint=fingerprint, note=text(request, "note"), actor=who(request), now=now())
    says = "证书已挂失, 立即停止使用。请申请新证书"
    return done("/login?next=/certificates" if mine else "/certificates", says)


def certificate_pem(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Download one of one's own certificates; of a dual pair both, and the encryption key that only the signing key opens."""
    mine = certificates_of(account_pk=who(request).account_pk)
    found = next((c for c in mine if c["fingerprint"] == fingerprint), None)
    if found is None:
        raise Http404
    response = HttpResponse(found["pem"] + found["pair"], content_type="application/x-pem-file")
    response["Content-Disposition"] = f'attachment; filename="certificate-{fingerprint[:12]}.pem"'
    return response


urlpatterns = [
    route("certificates", certificates, name="certificates", permission=P.CERTIFICATE_APPLY),
    route("certificates/bind", bind, name="certificate-bind", permission=P.CERTIFICATE_APPLY),
    route(
        "certificates/<str:fingerprint>.pem",
        certificate_pem,
        name="certificate-pem",
        permission=P.CERTIFICATE_APPLY,
    ),
    route(
        "certificates/<str:fingerprint>/lost",
        only_posted(lost),
        name="certificate-lost",
        permission=P.CERTIFICATE_APPLY,
    ),
]
