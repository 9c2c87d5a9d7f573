from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.inquiries"
    label = "inquiries"
