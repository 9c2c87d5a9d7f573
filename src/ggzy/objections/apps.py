from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.objections"
    label = "objections"
