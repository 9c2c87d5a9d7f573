from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.ui"
    label = "ui"
