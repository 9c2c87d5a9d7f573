"""Every address: pages, API, log, health."""

from django.urls import include, path

from ggzy.api import log
from ggzy.api.health import healthz
from ggzy.api.v1 import api
from ggzy.portals import urls as pages
from ggzy.training.phone import phones
from ggzy.training.views import ca_crl, demo_key, timestamp

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("api/", api.urls),
    path("", include(log.urlpatterns)),
    path("training/<str:name>.crl", ca_crl, name="training-crl"),
    path("training/phone", phones, name="training-phone"),
    path("training/tsa", timestamp, name="training-tsa"),
    path("training/keys/<str:username>.pem", demo_key, name="demo-key"),
    path("", include(pages.urlpatterns)),
]

handler404 = "ggzy.portals.frame.not_found"
handler500 = "ggzy.portals.frame.broken"
