from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.projects"
    label = "projects"
