from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.papers"
    label = "papers"
