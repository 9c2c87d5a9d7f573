"""Every page: the public ones and the workbenches."""

from ggzy.portals.front_pages import urlpatterns as fronts
from ggzy.portals.urls_public import urlpatterns as public
from ggzy.portals.urls_work import urlpatterns as work

urlpatterns = [*public, *work, *fronts]
