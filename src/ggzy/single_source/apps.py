from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.single_source"
    label = "single_source"
