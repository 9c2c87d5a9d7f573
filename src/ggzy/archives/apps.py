from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.archives"
    label = "archives"
