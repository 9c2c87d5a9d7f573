from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.portals"
    label = "portals"
