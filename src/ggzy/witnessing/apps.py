from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.witnessing"
    label = "witnessing"
