from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.registry"
    label = "registry"
