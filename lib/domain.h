/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What domain.c has for chan.c and the sequences. */
#ifndef WD_LIB_DOMAIN_H
#define WD_LIB_DOMAIN_H

#include <stdbool.h>

#include "wd_domain.h"

/* The domain of a channel that is being opened. NULL: no memory. */
struct wd_domain *wd_domain_new_channel(struct wd_chan *ch, const char *name);

/* The channel is going; also in the child of a fork, where its struct wd_chan_lib is wiped. */
void wd_domain_drop_channel(const struct wd_chan *ch);

/* NULL: the process's. */
static inline struct wd_domain *wd_domain_of(struct wd_domain *domain)
{
	return domain ? domain : wd_domain_process();
}

/* A view of the process's memory: it can be translated to the addresses there. */
bool wd_domain_is_view(const struct wd_domain *domain);

/* Was it destroyed? */
bool wd_domain_is_dead(const struct wd_domain *domain);

#endif
