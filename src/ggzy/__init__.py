"""OpenGGZY 公共资源交易平台: anyone may watch, nobody can peek, everything can be recomputed."""

__version__ = "0.1.0"
