from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.committees"
    label = "committees"
