from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.changes"
    label = "changes"
