"""Every page: the public ones and the workbenches, each topic with its own addresses."""

from ggzy.portals import (
    afterwards,
    archives,
    batch,
    bills,
    changes,
    disclosure,
    drafting,
    exports,
    front_pages,
    papers,
    pdfcheck,
    publication,
    registry,
    rooms,
    uploads,
    urls_public,
    urls_work,
    witness,
)

_TOPICS = (
    urls_public,
    urls_work,
    changes,
    afterwards,
    rooms,
    witness,
    publication,
    disclosure,
    drafting,
    bills,
    front_pages,
    archives,
    registry,
    papers,
    batch,
    exports,
    pdfcheck,
    uploads,
)

urlpatterns = [pattern for topic in _TOPICS for pattern in topic.urlpatterns]
