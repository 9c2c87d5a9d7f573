"""Addresses that anyone may open, and signing in."""

from ggzy.parties.grid import Permission
from ggzy.portals import hall, login, public, reference
from ggzy.portals.frame import route
from ggzy.portals.work import only_posted

_READ = Permission.PORTAL_READ

urlpatterns = [
    route("", public.home, name="home", permission=_READ),
    route("tenders", public.tender_list, name="tenders", permission=_READ),
    route("tenders/<str:tender_id>", public.tender, name="tender", permission=_READ),
    route("lots/<str:lot_id>", public.lot, name="lot", permission=_READ),
    route("files/<str:tender_id>/<int:version>", public.file, name="file", permission=_READ),
    route("files/<str:tender_id>/<int:version>.json", public.file_json, name="file-json", permission=_READ),
    route("rounds/<str:round_id>/hall", hall.hall, name="hall", permission=Permission.OPENING_WATCH),
    route(
        "rounds/<str:round_id>/hall/fragment",
        hall.fragment,
        name="hall-now",
        permission=Permission.OPENING_WATCH,
    ),
    route(
        "shared/hall/<str:round_id>/<int:index>",
        hall.shared,
        name="hall-shared",
        permission=Permission.OPENING_WATCH,
    ),
    route(
        "rounds/<str:round_id>/hall/replay",
        hall.replay_page,
        name="hall-replay",
        permission=Permission.OPENING_WATCH,
    ),
    route(
        "rounds/<str:round_id>/hall/check-in",
        only_posted(hall.check_in),
        name="hall-check-in",
        permission=Permission.OPENING_CHECK_IN,
    ),
    route("rounds/<str:round_id>/computed", reference.computed, name="computed", permission=_READ),
    route("draws/<str:draw_id>", reference.draw, name="draw", permission=_READ),
    route("procedures", reference.procedure_list, name="procedures", permission=_READ),
    route("procedures/<str:code>", reference.procedure, name="procedure", permission=_READ),
    route("procedures/<str:code>/coverage", reference.coverage, name="coverage", permission=_READ),
    route("methods", reference.method_list, name="methods", permission=_READ),
    route("law", reference.law, name="law", permission=_READ),
    route("verify", reference.verify, name="verify", permission=_READ),
    route("help/ukey", reference.help_ukey, name="help-ukey", permission=_READ),
    route("evidence", reference.log, name="evidence", permission=_READ),
    route("login", login.login, name="login", permission=_READ),
    route("login/prove", login.prove, name="login-prove", permission=_READ),
    route("login/second", login.second, name="login-second", permission=_READ),
    route("login/challenge", only_posted(login.challenge), name="login-challenge", permission=_READ),
    route(
        "login/passkey/begin", only_posted(login.passkey_begin), name="login-passkey-begin", permission=_READ
    ),
    route("login/passkey", only_posted(login.passkey_finish), name="login-passkey", permission=_READ),
    route("logout", login.logout, name="logout", permission=_READ),
    route("register", login.register, name="register", permission=Permission.PARTY_REGISTER),
]
