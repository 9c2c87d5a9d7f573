"""Every page: the public ones and the workbenches."""

from ggzy.portals.rooms import urlpatterns as rooms
from ggzy.portals.urls_public import urlpatterns as public
from ggzy.portals.urls_work import urlpatterns as work
from ggzy.portals.witness import urlpatterns as witness

urlpatterns = [*public, *work, *rooms, *witness]
