from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.statutes"
    label = "statutes"
