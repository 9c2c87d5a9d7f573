"""Signing in by password and certificate, signing out, registering an organisation."""

import secrets
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.http import urlencode

from ggzy.identity import actions as identity
from ggzy.identity import factors, sessions
from ggzy.identity.queries import certificates_of
from ggzy.identity.rules import relying_party
from ggzy.kernel.actors import Role
from ggzy.kernel.refusals import BadInput, NotSignedIn, Refusal
from ggzy.parties.actions import OPEN_ROLES, register_organisation
from ggzy.parties.queries import demo_accounts, has_demo_key
from ggzy.portals.frame import done, now, show, text, who
from ggzy.portals.middleware import COOKIE
from ggzy.portals.sealing import certificates_by_key
from ggzy.portals.work import refused_json, wants_json

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


def address_of(request: HttpRequest) -> str:
    """Return the caller's address."""
    return str(request.META.get("REMOTE_ADDR") or "")


def passkey_place(request: HttpRequest) -> dict[str, str]:
    """Say whether passkeys work at the address of this page; else why not, and where they do."""
    party = relying_party(settings.PUBLIC_ADDRESS)
    if party is None:
        return {"why": "本平台的网址不是https域名, 浏览器不支持在这里使用通行密钥"}
    if urlsplit(party.origin).netloc != request.get_host():
        return {"why": "通行密钥只能在这个网址下使用", "where": party.origin}
    return {"works": "1"}


def _login_page(
    request: HttpRequest, *, going: str, username: str = "", problem: str = "", status: int = 200
) -> HttpResponse:
    page = {
        "going": going,
        "username": username,
        "problem": problem,
        "demos": demo_accounts(most_per_role=4),
        "demo_password": DEMO_PASSWORD,
        "passkeys": passkey_place(request),
    }
    return show(request, "login/login.html", page, status=status)


def login(request: HttpRequest) -> HttpResponse:
    """Ask for username and password; then for the certificate."""
    going = after_login(str(request.POST.get("next") or request.GET.get("next") or ""))
    if request.method != "POST":
        half = factors.half_of(request.COOKIES.get(COOKIE, ""))
        if (who(request).signed_in or half) and request.GET.get("step") == "certificate":
            return _certificate_page(request, going=going)
        if half and request.GET.get("step") == "second":
            return second_page(request, half, going=going)
        return _login_page(request, going=going)
    username = text(request, "username")
    try:
        opened = sessions.sign_in(
            username=username,
            password=str(request.POST.get("password", "")),
            address=address_of(request),
            agent=request.headers.get("User-Agent", ""),
        )
    except Refusal as refusal:
        return _login_page(
            request, going=going, username=username, problem=refusal.message, status=refusal.status
        )
    step = "second" if opened.half else "certificate"
    return _with_session(request, done(f"/login?{urlencode({'step': step, 'next': going})}"), opened.token)


def _with_session(request: HttpRequest, response: HttpResponse, token: str) -> HttpResponse:
    response.set_cookie(
        COOKIE,
        token,
        max_age=settings.SESSION_HOURS * 3600,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


def second_page(
    request: HttpRequest, half: factors.Half, *, going: str, problem: str = "", status: int = 200
) -> HttpResponse:
    """Ask for the second factor, by whatever the account has; where it has none, one is made now."""
    page = {"half": half, "going": going, "problem": problem, "passkeys": passkey_place(request)}
    return show(request, "login/second.html", page, status=status)


def second(request: HttpRequest) -> HttpResponse:
    """Take a code of the app, or a recovery code."""
    going, token = after_login(text(request, "next")), request.COOKIES.get(COOKIE, "")
    half = factors.half_of(token)
    if request.method != "POST" or half is None:
        return done(f"/login?{urlencode({'step': 'second', 'next': going})}")
    try:
        sessions.prove_code(token=token, code=text(request, "code"), address=address_of(request))
    except NotSignedIn:
        raise
    except Refusal as refusal:
        return second_page(request, half, going=going, problem=refusal.message, status=refusal.status)
    return done(f"/login?{urlencode({'step': 'certificate', 'next': going})}")


_MARK = "ggzy_passkey"


def passkey_begin(request: HttpRequest) -> HttpResponse:
    """Answer what the browser needs to ask for a passkey; the mark says later that it is the same browser."""
    mark = secrets.token_urlsafe(24)
    try:
        options = factors.begin_passkey_login(mark=mark, address=address_of(request))
    except Refusal as refusal:
        return JsonResponse(refusal.as_problem(), status=refusal.status)
    response = HttpResponse(options, content_type="application/json")
    secure = request.is_secure()
    response.set_cookie(_MARK, mark, max_age=120, httponly=True, samesite="Strict", secure=secure)
    return response


def passkey_finish(request: HttpRequest) -> HttpResponse:
    """Open a session by the passkey's answer."""
    try:
        opened = factors.sign_in_with_passkey(
            mark=request.COOKIES.get(_MARK, ""),
            credential=text(request, "credential"),
            address=address_of(request),
            agent=request.headers.get("User-Agent", ""),
        )
    except Refusal as refusal:
        return JsonResponse(refusal.as_problem(), status=refusal.status)
    response = JsonResponse({"next": after_login(text(request, "next"))})
    response.delete_cookie(_MARK, samesite="Strict")
    return _with_session(request, response, opened.token)


def challenge(request: HttpRequest) -> HttpResponse:
    """Answer a script with a fresh text to sign, and with which certificate the session was proved."""
    try:
        made = identity.renew_challenge(token=request.COOKIES.get(COOKIE, ""))
    except Refusal as refusal:
        return JsonResponse(refusal.as_problem(), status=refusal.status)
    return JsonResponse({"challenge": made, "certificate": who(request).certificate})


def _account(request: HttpRequest) -> int:
    """Return the account that has given its password, whether or not the second factor is still to come."""
    half = factors.half_of(request.COOKIES.get(COOKIE, ""))
    return half.account_pk if half else who(request).account_pk


def _certificates(request: HttpRequest) -> dict[str, Any]:
    """Return one's own certificates, and by which public key the browser tells whose private key a file holds."""
    rows = certificates_of(account_pk=_account(request))
    read = [x509.load_pem_x509_certificate(row["pem"].encode()) for row in rows]
    shown = [{**row, "holder": holder(c) or row["subject"]} for row, c in zip(rows, read, strict=True)]
    return {"certificates": shown, "own_certificates": certificates_by_key(_account(request))}


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
    with_demo_key = has_demo_key(username)
    has_sm2 = (settings.KEYS / "training" / f"{username}-sm2.pem").exists()
    page = {
        "going": going,
        "challenge": challenge,
        "problem": problem,
        "username": username,
        "half": factors.half_of(request.COOKIES.get(COOKIE, "")),
        "demo_key": f"/training/keys/{username}.pem" if with_demo_key else "",
        "demo_sm2": f"/training/keys/{username}-sm2.pem" if with_demo_key and has_sm2 else "",
        **_certificates(request),
    }
    return show(request, "login/certificate.html", page, status=status)


def prove(request: HttpRequest) -> HttpResponse:
    """Take the signature on the challenge: from here on the session may do acts that bind."""
    going = after_login(text(request, "next"))
    if request.method != "POST":
        return done(f"/login?{urlencode({'step': 'certificate', 'next': going})}")
    if not (who(request).signed_in or factors.half_of(request.COOKIES.get(COOKIE, ""))):
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
    except Refusal as refusal:
        if wants_json(request):
            return refused_json(request, refusal)
        return _not_proved(request, refusal, going=going)
    if wants_json(request):
        return JsonResponse({"proved": True})
    return done(going, "已用数字证书登录, 可以办理签名事项")


def _not_proved(request: HttpRequest, refusal: Refusal, *, going: str) -> HttpResponse:
    if isinstance(refusal, identity.ChallengeExpired):
        says = "验证文本已过期(有效2分钟), 现已换新, 请再选择一次证书文件"
        return _certificate_page(request, going=going, problem=says, status=401)
    return _certificate_page(request, going=going, problem=refusal.message, status=refusal.status)


def logout(request: HttpRequest) -> HttpResponse:
    """End the session."""
    if request.method != "POST":
        return done("/")
    sessions.sign_out(token=request.COOKIES.get(COOKIE, ""))
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
