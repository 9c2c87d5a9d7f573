from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.fronts"
    label = "fronts"
