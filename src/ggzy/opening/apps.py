from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.opening"
    label = "opening"
