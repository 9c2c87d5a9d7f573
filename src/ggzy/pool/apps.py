from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.pool"
    label = "pool"
