from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.frameworks"
    label = "frameworks"

    def ready(self) -> None:
        """Let the rounds below know who takes over what they collect, in every process."""
        from ggzy.frameworks import collecting  # noqa: F401 - loading it registers it
