from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.innovation"
    label = "innovation"
