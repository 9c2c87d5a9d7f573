from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.parties"
    label = "parties"
