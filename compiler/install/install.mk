# install.mk: make install and make uninstall. PREFIX: where the tree will live; DESTDIR: in front of it, for whoever
# packs. Nothing that is installed knows either: lstmc.pc and lstmcConfig.cmake find the tree from where they lie, and
# names of this folder are stripped from binaries.
PREFIX  ?= /usr/local
INSTALL ?= install
STRIP   ?= strip

PARTS   = compiler/install
VERSION = $(shell sed -n 's/.*LSTMC_VERSION "\(.*\)".*/\1/p' compiler/base/base.h)
# lstmc.h, what it includes, the generator of random numbers, and the search for what a decoder says.
PUBLIC  = lstmc.h lstmc_transport.h lstmc_random.h lstmc_search.h \
          $(shell sed -n 's/^\#include "\(.*\)"/\1/p' runtime/lstmc.h)

# Mode, file, and where it goes below PREFIX.
INSTALLED = 755:$(BUILD)/lstmc:bin/lstmc \
            755:$(BUILD)/lstmc-container:libexec/lstmc/lstmc-container \
            $(if $(MPI),755:$(BUILD)/lstmc-mpi.so:libexec/lstmc/lstmc-mpi.so) \
            644:$(BUILD)/liblstmc.a:lib/liblstmc.a \
            $(foreach header,$(PUBLIC),644:runtime/$(header):include/lstmc/$(header)) \
            644:$(BUILD)/install/lstmc.pc:lib/pkgconfig/lstmc.pc \
            644:$(PARTS)/lstmcConfig.cmake:lib/cmake/lstmc/lstmcConfig.cmake \
            644:$(PARTS)/lstmcCheckName.cmake:lib/cmake/lstmc/lstmcCheckName.cmake \
            644:$(BUILD)/install/lstmcConfigVersion.cmake:lib/cmake/lstmc/lstmcConfigVersion.cmake \
            644:$(BUILD)/install/help.man:share/man/man1/lstmc.1 \
            644:$(BUILD)/install/help.bash:share/bash-completion/completions/lstmc \
            644:$(BUILD)/install/help.zsh:share/zsh/site-functions/_lstmc \
            644:$(BUILD)/install/help.fish:share/fish/vendor_completions.d/lstmc.fish \
            644:$(PARTS)/meson.build:share/doc/lstmc/meson.build \
            $(foreach page,README.md compiler/README.md $(sort $(wildcard compiler/manual/*.md)), \
                644:$(page):share/doc/lstmc/$(page)) \
            644:LICENSE:share/doc/lstmc/LICENSE

all: $(filter $(BUILD)/install/%,$(subst :, ,$(INSTALLED)))

# The man page and the completions know the options that lstmc --help knows.
$(BUILD)/install/help.table: $(PARTS)/help.awk $(BUILD)/lstmc
	@mkdir -p $(@D)
	$(Q)$(BUILD)/lstmc --help >$(@D)/help.text
	$(Q)awk -f $< $(@D)/help.text >$@

$(BUILD)/install/help.%: $(PARTS)/%.awk $(BUILD)/install/help.table
	$(call say,awk )
	$(Q)awk -f $< $(BUILD)/install/help.table >$@

$(BUILD)/install/%: $(PARTS)/%.in compiler/base/base.h
	@mkdir -p $(@D)
	$(call say,sed )
	$(Q)sed 's/@VERSION@/$(VERSION)/g' $< >$@

install: all
	@umask 022; for entry in $(INSTALLED); do \
	  mode=$${entry%%:*}; to="$(DESTDIR)$(PREFIX)/$${entry##*:}"; file=$${entry#*:}; file=$${file%:*}; \
	  mkdir -p "$$(dirname "$$to")" && $(INSTALL) -m $$mode "$$file" "$$to" || exit 1; \
	done
	@$(STRIP) "$(DESTDIR)$(PREFIX)/bin/lstmc" "$(DESTDIR)$(PREFIX)/libexec/lstmc/lstmc-container" \
	  $(if $(MPI),"$(DESTDIR)$(PREFIX)/libexec/lstmc/lstmc-mpi.so") && \
	  $(STRIP) -S "$(DESTDIR)$(PREFIX)/lib/liblstmc.a"
	@echo "installed: $(DESTDIR)$(PREFIX)/bin/lstmc, the runtime and its headers, for pkg-config, CMake and Meson;" \
	  "documentation in share/doc/lstmc"

uninstall:
	@for entry in $(INSTALLED); do rm -f "$(DESTDIR)$(PREFIX)/$${entry##*:}" || exit 1; done
	@for folder in include/lstmc libexec/lstmc lib/cmake/lstmc share/doc/lstmc/compiler/manual share/doc/lstmc/compiler \
	  share/doc/lstmc; do \
	  rmdir "$(DESTDIR)$(PREFIX)/$$folder" 2>/dev/null || :; \
	done

.PHONY: install uninstall
