from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.evaluation"
    label = "evaluation"
