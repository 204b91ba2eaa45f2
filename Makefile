# A second name for ./dev, for fingers that type make.
.PHONY: run test check format bench
run test check format bench:
	@./dev $@
