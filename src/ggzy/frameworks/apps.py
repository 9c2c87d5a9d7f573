from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.frameworks"
    label = "frameworks"
