from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.experts"
    label = "experts"
