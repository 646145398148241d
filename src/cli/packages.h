/* SPDX-License-Identifier: Apache-2.0 */
/* What to install where a library was lacking, as the end of a sentence behind "install". */
#ifndef POOLGRAD_CLI_PACKAGES_H
#define POOLGRAD_CLI_PACKAGES_H

#define POOLGRAD_AND_BUILD " (the names of Debian's packages), and build poolgrad again"
#define POOLGRAD_ORACLE_PACKAGES "libgmp-dev and libmpfr-dev" POOLGRAD_AND_BUILD
#define POOLGRAD_JSON_PACKAGES "libjansson-dev" POOLGRAD_AND_BUILD
#define POOLGRAD_KIT_PACKAGES "libgmp-dev, libmpfr-dev and libjansson-dev" POOLGRAD_AND_BUILD
#define POOLGRAD_PICTURE_PACKAGES "libpng-dev" POOLGRAD_AND_BUILD

#endif
