from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.innovation"
    label = "innovation"

    def ready(self) -> None:
        """Let challenges and complaints know of purchases that have no rounds, in every process."""
        from ggzy.innovation import disputes  # noqa: F401 - loading it registers it
