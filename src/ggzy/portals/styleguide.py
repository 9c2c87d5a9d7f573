"""The living page of the design system: every token and component as the pages use them (training centres only)."""

from datetime import timedelta
from types import SimpleNamespace as Row

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from ggzy.kernel.refusals import NotFound
from ggzy.parties.grid import Permission
from ggzy.portals.frame import now, route, show
from ggzy.procedures.spec import Stage
from ggzy.ui.flow import steps_to
from ggzy.ui.icons import PATHS
from ggzy.ui.tokens import COLOURS, CONTRASTS, SPACES

#: where a round stands, one stage for each tone of a badge
_TONES = (Stage.DRAFT, Stage.OPEN_FOR_BID, Stage.EVALUATING, Stage.CONTRACTED, Stage.FAILED)


def styleguide(request: HttpRequest) -> HttpResponse:
    """Show the parts that pages are made of, each once, in every state that it has.

    :raises NotFound: not a training centre
    """
    if settings.MODE != "training":
        raise NotFound("没有这个页面")
    from ggzy.procedures.catalogue import GC_OPEN_POST

    moment = now()
    clocks = [
        Row(says="开始公示中标候选人", limit="GC-T12", kept=True, provisional=False, status="V"),
        Row(says="等标期", limit="GC-T03", kept=False, provisional=False, status="V"),
        Row(says="投诉", limit="GC-T18", kept=None, provisional=True, status="M"),
    ]
    for row in clocks:
        row.instant, row.cites, row.arithmetic = moment, "《招标投标法》第二十四条", "3月2日起第20日"
    page = {
        "colours": COLOURS,
        "contrasts": CONTRASTS,
        "spaces": SPACES,
        "icons": PATHS,
        "stages": [stage.value for stage in _TONES],
        "steps": steps_to(GC_OPEN_POST, Stage.EVALUATING),
        "clocks": clocks,
        "soon": moment + timedelta(days=2, hours=3, minutes=5),
        "refusal_steps": (("看标段", "/tenders"), ("期限一览", "/law")),
        "now": moment,
    }
    return show(request, "public/styleguide.html", page)


urlpatterns = [route("styleguide", styleguide, name="styleguide", permission=Permission.PORTAL_READ)]
