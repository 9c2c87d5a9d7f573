from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.tendering"
    label = "tendering"
