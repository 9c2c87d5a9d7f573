"""Every page: the public ones and the workbenches."""

from ggzy.portals.disclosure import urlpatterns as disclosure
from ggzy.portals.publication import urlpatterns as publication
from ggzy.portals.urls_public import urlpatterns as public
from ggzy.portals.urls_work import urlpatterns as work

urlpatterns = [*public, *work, *publication, *disclosure]
