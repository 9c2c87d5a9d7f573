"""Every page: the public ones and the workbenches."""

from ggzy.portals.afterwards import urlpatterns as afterwards
from ggzy.portals.changes import urlpatterns as changes
from ggzy.portals.registry import urlpatterns as registry
from ggzy.portals.urls_public import urlpatterns as public
from ggzy.portals.urls_work import urlpatterns as work

urlpatterns = [*public, *work, *changes, *afterwards, *registry]
