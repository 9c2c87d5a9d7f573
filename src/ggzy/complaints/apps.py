from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.complaints"
    label = "complaints"
