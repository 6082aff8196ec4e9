# SPDX-License-Identifier: GPL-2.0-only
# Everything a person types. kbuild reads Kbuild, never this file.

KERNEL ?= stable
FILE ?=
MODE ?= all
HOURS ?= 1
KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
export KERNEL FILE MODE HOURS

.PHONY: help run run-ipu test check shell bench soak setup modules lib tools check-host modules_install install clean distclean

help:
	@echo 'In a virtual machine (the first time sets everything up):'
	@echo '  make run [FILE=path] [MODE=sva|share|noiommu] [KERNEL=backports]'
	@echo '                                           compress a file, on a device of each mode'
	@echo '  make run-ipu [MODE=...] [KERNEL=backports]  a block store with encryption, and what a request costs'
	@echo '  make test                                all tests, on both kernels, with one CPU and two'
	@echo '  make test KERNEL=debug                   those in the VM, under KASAN, lockdep and kmemleak'
	@echo '  make shell [KERNEL=backports]            a console with everything loaded'
	@echo '  make bench [KERNEL=backports]            measure'
	@echo '  make soak [KERNEL=backports] [HOURS=1]   long runs'
	@echo '  make check                               the static checks alone, not in the VM'
	@echo
	@echo 'On this machine:'
	@echo '  make modules [KDIR=path]                 the kernel modules'
	@echo '  make lib tools                           libwd; wdctl, wdzip'
	@echo '  make check-host                          the tests that need no device'
	@echo '  make install [DESTDIR=path] [PREFIX=path]  library and tools'
	@echo '  make modules_install [DESTDIR=path]      the kernel modules'
	@echo '  make clean                               remove what was built; distclean: the VM as well'

setup:
	@qemu/host.sh
	@qemu/root.sh
	@[ '$(KERNEL)' != debug ] || qemu/debug-kernel.sh
	@qemu/image.sh

run: setup
	@qemu/run.sh

run-ipu: setup
	@qemu/run-ipu.sh

test: setup
	@qemu/test.sh $(if $(filter-out file,$(origin KERNEL)),$(KERNEL))

check: setup
	@qemu/source.sh
	@qemu/build.sh modules
	@qemu/checks.sh

shell: setup
	@qemu/shell.sh

bench: setup
	@qemu/long.sh bench

soak: setup
	@qemu/long.sh soak

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

lib:
	$(MAKE) -C lib all

tools: lib
	$(MAKE) -C tools all

check-host:
	$(MAKE) -C lib check
	$(MAKE) -C tools check
	@if command -v nbdkit >/dev/null; then $(MAKE) -C examples/ipu check; else \
		echo 'There is no nbdkit here: examples/ipu is not tested'; fi

modules_install: modules
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(if $(DESTDIR),INSTALL_MOD_PATH=$(DESTDIR)) modules_install

install: lib tools
	$(MAKE) -C lib install DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) LIBDIR=$(LIBDIR)
	$(MAKE) -C tools install DESTDIR=$(DESTDIR) PREFIX=$(PREFIX)

clean:
	@qemu/clean.sh

distclean:
	@qemu/clean.sh all
