from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.subscriptions"
    label = "subscriptions"
