from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.quantities"
    label = "quantities"
