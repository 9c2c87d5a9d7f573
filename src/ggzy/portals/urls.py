"""Every page: the public ones and the workbenches, each topic with its own addresses."""

from ggzy.portals import (
    afterwards,
    archives,
    batch,
    bills,
    certificates,
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
    trust,
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
    certificates,
    trust,
)

urlpatterns = [pattern for topic in _TOPICS for pattern in topic.urlpatterns]
