from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.identity"
    label = "identity"
