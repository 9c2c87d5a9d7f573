from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.messages"
    label = "messages"
