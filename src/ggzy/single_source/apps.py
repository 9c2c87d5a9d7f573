from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.single_source"
    label = "single_source"

    def ready(self) -> None:
        """Let challenges and complaints know of purchases that have no rounds, in every process."""
        from ggzy.single_source import disputes  # noqa: F401 - loading it registers it
