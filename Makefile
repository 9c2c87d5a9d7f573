# Thin: every target is a command that also works without make.
PYTHON = var/venv/bin/python

.PHONY: help test check quick journeys law docs bench lock

help:      ## 列出目标
	@grep -hE '^[a-z]+: .*##' Makefile | sed -E 's/: *[^#]*## /\t/'
test:      ## 全部检查和测试
	./ggzy test
check:     ## 只做代码检查
	./ggzy test --check
quick:     ## 只测不需要数据库的规则
	./ggzy test --quick
journeys:  ## 完整的招标故事
	./ggzy test tests/journeys
law:       ## 法条案例
	./ggzy test tests/law
docs:      ## 由代码生成文档中的图表
	./ggzy docs
bench:     ## 性能测量
	PYTHONPATH=src $(PYTHON) -m bench
lock:      ## 重新计算依赖锁 (不受本机软件源设置影响)
	./ggzy lock
