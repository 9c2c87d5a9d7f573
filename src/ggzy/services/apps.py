from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.services"
    label = "services"
