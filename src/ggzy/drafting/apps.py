from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.drafting"
    label = "drafting"
