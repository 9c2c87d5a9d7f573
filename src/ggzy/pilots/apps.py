from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.pilots"
    label = "pilots"
