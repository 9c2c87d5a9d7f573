from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.seals"
    label = "seals"
