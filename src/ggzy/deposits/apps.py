from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.deposits"
    label = "deposits"
