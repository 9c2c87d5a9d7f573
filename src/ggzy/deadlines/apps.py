from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.deadlines"
    label = "deadlines"
