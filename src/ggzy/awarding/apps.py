from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.awarding"
    label = "awarding"
