from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.bidding"
    label = "bidding"
