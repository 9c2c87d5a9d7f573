from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "ggzy.evidence"
    label = "evidence"
