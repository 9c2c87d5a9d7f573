from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.venues"
    label = "venues"
