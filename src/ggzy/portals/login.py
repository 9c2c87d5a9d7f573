"""Signing in by password and certificate, signing out, registering an organisation."""

from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode

from ggzy.identity import actions as identity
from ggzy.identity.queries import certificates_of
from ggzy.kernel.actors import Role
from ggzy.kernel.refusals import BadInput, NotSignedIn, Refusal
from ggzy.parties.actions import OPEN_ROLES, register_organisation
from ggzy.parties.queries import demo_accounts
from ggzy.portals.frame import done, now, show, text, who
from ggzy.portals.middleware import COOKIE
from ggzy.portals.sealing import own_certificates

#: what the table of demo accounts offers; a production centre has no table
DEMO_PASSWORD = "training-2026"  # noqa: S105 - printed on the page of every training centre


def after_login(asked: str) -> str:
    """Return where to go after signing in: a page of this site, the workbench by default."""
    parts = urlsplit(asked)
    inside = (
        asked.startswith("/")
        and not asked.startswith(("//", "/\\"))
        and not parts.netloc
        and "\\" not in asked
    )
    return asked if inside and not asked.startswith(("/login", "/logout")) else "/work"


def _address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR") or "")


def _login_page(
    request: HttpRequest, *, going: str, username: str = "", problem: str = "", status: int = 200
) -> HttpResponse:
    page = {
        "going": going,
        "username": username,
        "problem": problem,
        "demos": demo_accounts(most_per_role=4),
        "demo_password": DEMO_PASSWORD,
    }
    return show(request, "login/login.html", page, status=status)


def login(request: HttpRequest) -> HttpResponse:
    """Ask for username and password; then for the certificate."""
    going = after_login(str(request.POST.get("next") or request.GET.get("next") or ""))
    if request.method != "POST":
        if who(request).signed_in and request.GET.get("step") == "certificate":
            return _certificate_page(request, going=going)
        return _login_page(request, going=going)
    username = text(request, "username")
    try:
        opened = identity.sign_in(
            username=username, password=str(request.POST.get("password", "")), address=_address(request)
        )
    except Refusal as refusal:
        return _login_page(
            request, going=going, username=username, problem=refusal.message, status=refusal.status
        )
    response = done(f"/login?{urlencode({'step': 'certificate', 'next': going})}")
    response.set_cookie(
        COOKIE,
        opened.token,
        max_age=settings.SESSION_HOURS * 3600,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


def _certificates(request: HttpRequest) -> dict[str, Any]:
    """Return one's own certificates, and by which public key the browser tells whose private key a file holds."""
    rows = certificates_of(account_pk=who(request).account_pk)
    read = [x509.load_pem_x509_certificate(row["pem"].encode()) for row in rows]
    shown = [{**row, "holder": holder(c) or row["subject"]} for row, c in zip(rows, read, strict=True)]
    return {"certificates": shown, "own_certificates": own_certificates(who(request))}


def holder(certificate: x509.Certificate) -> str:
    """Return organisation and person of a certificate as people read them."""
    kinds = (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)
    names = [str(one.value) for kind in kinds for one in certificate.subject.get_attributes_for_oid(kind)]
    return " · ".join(names)


def _certificate_page(
    request: HttpRequest, *, going: str, problem: str = "", status: int = 200
) -> HttpResponse:
    challenge = identity.renew_challenge(token=request.COOKIES.get(COOKIE, ""))
    username = challenge.split("用户: ")[1].split("\n")[0]
    has_demo_key = any(account.username == username for account in demo_accounts(most_per_role=1000))
    has_sm2 = (settings.KEYS / "training" / f"{username}-sm2.pem").exists()
    page = {
        "going": going,
        "challenge": challenge,
        "problem": problem,
        "username": username,
        "demo_key": f"/training/keys/{username}.pem" if has_demo_key else "",
        "demo_sm2": f"/training/keys/{username}-sm2.pem" if has_demo_key and has_sm2 else "",
        **_certificates(request),
    }
    return show(request, "login/certificate.html", page, status=status)


def prove(request: HttpRequest) -> HttpResponse:
    """Take the signature on the challenge: from here on the session may do acts that bind."""
    going = after_login(text(request, "next"))
    if request.method != "POST":
        return done(f"/login?{urlencode({'step': 'certificate', 'next': going})}")
    if not who(request).signed_in:
        raise NotSignedIn("登录已失效, 请重新登录", next_steps=(("登录", "/login"),))
    try:
        signature = identity.decode_signature(text(request, "signature"))
        if not signature:
            raise BadInput("请先选择证书文件, 由浏览器完成签名后再提交", field="signature")
        identity.prove_certificate(
            token=request.COOKIES.get(COOKIE, ""),
            certificate=text(request, "certificate"),
            signature=signature,
        )
    except NotSignedIn:
        raise
    except identity.ChallengeExpired:
        says = "验证文本已过期(有效2分钟), 现已换新, 请再选择一次证书文件"
        return _certificate_page(request, going=going, problem=says, status=401)
    except Refusal as refusal:
        return _certificate_page(request, going=going, problem=refusal.message, status=refusal.status)
    return done(going, "已用数字证书登录, 可以办理签名事项")


def logout(request: HttpRequest) -> HttpResponse:
    """End the session."""
    if request.method != "POST":
        return done("/")
    identity.sign_out(token=request.COOKIES.get(COOKIE, ""))
    response = done("/", "已退出登录")
    response.delete_cookie(COOKIE, samesite="Lax")
    return response


def register(request: HttpRequest) -> HttpResponse:
    """Register an organisation with its first account: free, at once, no approval."""
    page: dict[str, Any] = {
        "roles": sorted(OPEN_ROLES, key=list(Role).index),
        "given": {},
        "region": settings.CENTRE_REGION,
    }
    if request.method != "POST":
        return show(request, "login/register.html", page)
    names = ("uscc", "name", "role", "username", "person_name", "region_code", "address", "contact")
    given = {name: text(request, name) for name in names}
    password = str(request.POST.get("password", ""))
    try:
        if given["role"] not in set(Role):
            raise BadInput("请选择登记为招标人、代理机构还是投标人", field="role")
        if password != str(request.POST.get("password_again", "")):
            raise BadInput("两次输入的密码不一致, 请重新输入", field="password_again")
        register_organisation(
            **{
                **given,
                "role": Role(given["role"]),
                "region_code": given["region_code"] or settings.CENTRE_REGION,
            },
            password=password,
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        page |= {"given": given, "problem": refusal.message, "field": refusal.field}
        return show(request, "login/register.html", page, status=refusal.status)
    return done("/login?next=/certificates", "登记完成。请登录, 然后申请或绑定数字证书")
