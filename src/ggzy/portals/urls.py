"""Every page: the public ones and the workbenches."""

from ggzy.portals.bills import urlpatterns as bills
from ggzy.portals.drafting import urlpatterns as drafting
from ggzy.portals.urls_public import urlpatterns as public
from ggzy.portals.urls_work import urlpatterns as work

urlpatterns = [*public, *work, *drafting, *bills]
