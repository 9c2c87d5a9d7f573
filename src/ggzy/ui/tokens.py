"""The tokens of the style by name, and the pairs of colours that must be legible together.

The values stand in static/ui/app.css alone; a test reads them there and holds every pair to WCAG 2.2 AA, light and dark.
"""

#: token → what it is for
COLOURS: dict[str, str] = {
    "ink": "正文",
    "muted": "次要文字",
    "line": "分隔线",
    "edge": "输入框边线",
    "paper": "卡片",
    "ground": "页面",
    "brand": "主色, 链接, 主要按钮",
    "brand-ink": "主色上的文字",
    "brand-soft": "主色浅底",
    "good": "完成, 符合",
    "good-soft": "完成的浅底",
    "bad": "拒绝, 不足",
    "bad-soft": "拒绝的浅底",
    "busy": "等待, 提醒",
    "busy-soft": "提醒的浅底",
}
#: (text, ground, least contrast): 4.5 for text (1.4.3), 3 for the edge of a control (1.4.11)
CONTRASTS: tuple[tuple[str, str, float], ...] = (
    ("ink", "paper", 4.5),
    ("ink", "ground", 4.5),
    ("muted", "paper", 4.5),
    ("muted", "ground", 4.5),
    ("brand", "paper", 4.5),
    ("brand", "ground", 4.5),
    ("brand-ink", "brand", 4.5),
    ("brand", "brand-soft", 4.5),
    ("ink", "brand-soft", 4.5),
    ("good", "good-soft", 4.5),
    ("bad", "bad-soft", 4.5),
    ("busy", "busy-soft", 4.5),
    ("bad", "paper", 4.5),
    ("edge", "paper", 3.0),
)
SPACES = ("s1", "s2", "s3", "s4", "s5", "s6")
