"""My ways of signing in: sessions, passkeys, the code app, the password; and an administrator's look at an account."""

from typing import Any
from urllib.parse import quote

import segno
from django.http import HttpRequest, HttpResponse, JsonResponse

from ggzy.identity import factors, logins, sessions
from ggzy.kernel.refusals import BadInput, NotSignedIn, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.portals.frame import done, route, show, text, who
from ggzy.portals.login import address_of, after_login, passkey_place
from ggzy.portals.middleware import COOKIE
from ggzy.portals.work import only_posted, refused_here

_PAGE, _CODE, _ACCOUNTS = "login/security.html", "login/code.html", "work/accounts.html"


def _token(request: HttpRequest) -> str:
    return str(request.COOKIES.get(COOKIE, ""))


def _page(request: HttpRequest) -> dict[str, Any]:
    actor = who(request)
    return {
        "sessions": logins.sessions_of(actor=actor, token=_token(request)),
        "factors": logins.factors_of(actor=actor),
        "events": logins.events_of(actor=actor),
        "passkeys": passkey_place(request),
    }


def security(request: HttpRequest) -> HttpResponse:
    """Show how one is guarded and where one is signed in."""
    return show(request, _PAGE, _page(request))


def _refused(request: HttpRequest, refusal: Refusal, what: str) -> HttpResponse:
    """Show the page again with the refusal beside the form that it concerns."""
    page = _page(request) | {"what": what}
    return refused_here(request, _PAGE, page, refusal, given={"name": text(request, "name")})


def end_session(request: HttpRequest, handle: str) -> HttpResponse:
    """End one session."""
    sessions.end_session(handle=handle, actor=who(request))
    return done("/security", "已结束那一处登录")


def end_others(request: HttpRequest) -> HttpResponse:
    """End every session but this one."""
    count = sessions.end_other_sessions(token=_token(request), actor=who(request))
    return done("/security", f"已结束其他 {count} 处登录" if count else "没有其他登录")


def password(request: HttpRequest) -> HttpResponse:
    """Change one's own password."""
    new = str(request.POST.get("new", ""))
    try:
        if new != str(request.POST.get("new_again", "")):
            raise BadInput("两次输入的新密码不一致, 请重新输入", field="new")
        sessions.change_password(
            token=_token(request),
            password=str(request.POST.get("password", "")),
            new=new,
            actor=who(request),
        )
    except Refusal as refusal:
        return _refused(request, refusal, "password")
    return done("/security", "密码已修改, 其他登录已全部结束")


# -- the code app: also for a half session that has no factor yet, so these name no more than the public's permission


def _code_page(request: HttpRequest, draft: factors.Draft, **more: Any) -> dict[str, Any]:
    image = segno.make(draft.uri, error="m", micro=False).svg_data_uri(scale=5, border=3)
    spaced = " ".join(draft.secret[i : i + 4] for i in range(0, len(draft.secret), 4))
    return {"secret": spaced, "image": image, "going": after_login(text(request, "next")), **more}


def _nobody(request: HttpRequest) -> bool:
    return not who(request).signed_in


def code_begin(request: HttpRequest) -> HttpResponse:
    """Show the secret for an app, as a QR code and as text."""
    try:
        draft = factors.begin_authenticator(
            token=_token(request),
            password=str(request.POST.get("password", "")),
            address=address_of(request),
        )
    except Refusal as refusal:
        if _nobody(request):
            raise
        return _refused(request, refusal, "code")
    return show(request, _CODE, _code_page(request, draft))


def code_confirm(request: HttpRequest) -> HttpResponse:
    """Take the first code; show the recovery codes this once."""
    token = _token(request)
    draft = factors.waiting_authenticator(token=token)
    try:
        codes = factors.confirm_authenticator(
            token=token, code=text(request, "code"), address=address_of(request)
        )
    except NotSignedIn:
        raise
    except Refusal as refusal:
        page = _code_page(request, draft)
        return refused_here(request, _CODE, page, refusal, given={})
    page = {"codes": codes, "going": after_login(text(request, "next"))}
    response = show(request, "login/recovery.html", page)
    response.headers["Cache-Control"] = "no-store"
    return response


def code_end(request: HttpRequest) -> HttpResponse:
    """Take the app out of use."""
    try:
        factors.end_authenticator(
            token=_token(request),
            password=str(request.POST.get("password", "")),
            address=address_of(request),
        )
    except Refusal as refusal:
        return _refused(request, refusal, "code")
    return done("/security", "动态验证码已停用")


# -- passkeys


def passkey_begin(request: HttpRequest) -> HttpResponse:
    """Answer what the browser needs to make a passkey."""
    try:
        options = factors.begin_passkey(
            token=_token(request),
            password=str(request.POST.get("password", "")),
            address=address_of(request),
        )
    except Refusal as refusal:
        return JsonResponse(refusal.as_problem(), status=refusal.status)
    return HttpResponse(options, content_type="application/json")


def passkey_add(request: HttpRequest) -> HttpResponse:
    """Keep the passkey that the browser made."""
    try:
        factors.add_passkey(
            token=_token(request),
            credential=text(request, "credential"),
            name=text(request, "name"),
            address=address_of(request),
        )
    except Refusal as refusal:
        return JsonResponse(refusal.as_problem(), status=refusal.status)
    return JsonResponse({"next": after_login(text(request, "next") or "/security")})


def passkey_rename(request: HttpRequest, passkey_id: str) -> HttpResponse:
    """Give a passkey another name."""
    try:
        factors.rename_passkey(token=_token(request), public_id=passkey_id, name=text(request, "name"))
    except Refusal as refusal:
        return _refused(request, refusal, passkey_id)
    return done("/security#passkeys", "名称已修改")


def passkey_remove(request: HttpRequest, passkey_id: str) -> HttpResponse:
    """Take a passkey away."""
    factors.remove_passkey(token=_token(request), public_id=passkey_id, address=address_of(request))
    return done("/security#passkeys", "通行密钥已移除, 不能再用它登录")


# -- an administrator's desk


def accounts(request: HttpRequest) -> HttpResponse:
    """Look up an account's sign-ins; end them, unlock it, reset its second factor."""
    username = text(request, "username") or request.GET.get("username", "").strip()
    page: dict[str, Any] = {"username": username}
    try:
        if request.method == "POST":
            return _do(request, username)
        page["row"] = logins.account_for_admin(username=username, actor=who(request)) if username else None
    except Refusal as refusal:
        return refused_here(request, _ACCOUNTS, page, refusal, given={})
    return show(request, _ACCOUNTS, page)


def _do(request: HttpRequest, username: str) -> HttpResponse:
    what, actor = text(request, "what"), who(request)
    if what == "unlock":
        sessions.unlock(username=username, actor=actor)
        says = "已解锁, 可以立即再试"
    elif what == "reset":
        sessions.reset_factors(username=username, actor=actor)
        says = "已移除动态验证码和通行密钥, 本人下次登录时重新设置"
    else:
        says = f"已结束 {sessions.end_sessions_of(username=username, actor=actor)} 处登录"
    return done(f"/work/accounts?username={quote(username)}", says)


_OWN, _HALF = P.SECURITY_OWN, P.PORTAL_READ
urlpatterns = [
    route("security", security, name="security", permission=_OWN),
    route(
        "security/sessions/end-others", only_posted(end_others), name="security-end-others", permission=_OWN
    ),
    route(
        "security/sessions/<str:handle>/end", only_posted(end_session), name="security-end", permission=_OWN
    ),
    route("security/password", only_posted(password), name="security-password", permission=_OWN),
    route("security/code/begin", only_posted(code_begin), name="security-code-begin", permission=_HALF),
    route("security/code/confirm", only_posted(code_confirm), name="security-code-confirm", permission=_HALF),
    route("security/code/end", only_posted(code_end), name="security-code-end", permission=_OWN),
    route("security/passkeys/begin", only_posted(passkey_begin), name="passkey-begin", permission=_HALF),
    route("security/passkeys/add", only_posted(passkey_add), name="passkey-add", permission=_HALF),
    route(
        "security/passkeys/<str:passkey_id>/rename",
        only_posted(passkey_rename),
        name="passkey-rename",
        permission=_OWN,
    ),
    route(
        "security/passkeys/<str:passkey_id>/remove",
        only_posted(passkey_remove),
        name="passkey-remove",
        permission=_OWN,
    ),
    route("work/accounts", accounts, name="work-accounts", permission=P.ACCOUNT_MANAGE),
]
