from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.search"
    label = "search"
