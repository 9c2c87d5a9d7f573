from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.notices"
    label = "notices"
