"""What is kept of writing a file beside the document itself: that the lists were read, and the PDFs of its versions."""

import pgtrigger
from django.db import models

from ggzy.kernel.models import BusinessRow


class ListAcknowledgement(BusinessRow):
    """Somebody of the owner side has read the lists 前置告知 before writing this tender's file; once per list version."""

    tender = models.CharField(max_length=32)
    list_version = models.CharField(max_length=20)
    list_sha256 = models.CharField(max_length=64)
    acknowledged_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_list_is_acknowledged_once", fields=["centre_id", "tender", "list_version"]
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="acknowledgements_stay", operation=pgtrigger.Update | pgtrigger.Delete)
        ]


class FilePdf(BusinessRow):
    """A published version of a tender file as PDF/A-3 with its data embedded: once as set, once sealed; append-only."""

    tender = models.CharField(max_length=32)
    version = models.PositiveSmallIntegerField()
    sealed = models.BooleanField()
    sha256 = models.CharField(max_length=64)
    certificate = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_file_pdf_is_made_once", fields=["centre_id", "tender", "version", "sealed"]
            ),
        ]
        triggers = [pgtrigger.Protect(name="file_pdfs_stay", operation=pgtrigger.Update | pgtrigger.Delete)]
