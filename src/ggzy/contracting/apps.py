from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.contracting"
    label = "contracting"
