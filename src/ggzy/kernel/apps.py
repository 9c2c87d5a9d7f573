from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.kernel"
    label = "kernel"
