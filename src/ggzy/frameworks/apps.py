from django.apps import AppConfig


class Config(AppConfig):
    name = "ggzy.frameworks"
    label = "frameworks"

    def ready(self) -> None:
        """Let the rounds below, and challenges, know of frameworks, in every process."""
        from ggzy.frameworks import collecting, disputes  # noqa: F401 - loading them registers them
