from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.publishing"
    label = "publishing"
