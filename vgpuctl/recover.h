/* SPDX-License-Identifier: MIT */
/*
 * The ends that a change can come to, and going on to one of them after an
 * interruption. All work from the journal alone and can be done again.
 *
 * They return an exit code of exit.h, with all said.
 */
#ifndef VGPUCTL_RECOVER_H
#define VGPUCTL_RECOVER_H

#include "journal.h"
#include "options.h"

/*
 * Proves what was installed. When it is there and works: EXIT_SUCCESS, with the
 * record written and the journal gone. Else
 * EXIT_FAILED, with the problem reported and nothing changed.
 */
int recover_finish_install(const Options *options, const Journal *journal);

/* Puts back what was there. EXIT_FAILED when all is back, as the install has
 * failed; EXIT_INCOMPLETE when not. */
int recover_undo_install(const Options *options, const Journal *journal);

/* Rolls back. EXIT_FAILED when all is back and is still no stock QEMU that
 * runs. */
int recover_finish_rollback(const Options *options, const Journal *journal);

/*
 * Deals with what an earlier run left, if it left something. EXIT_SUCCESS when
 * the host is in order, however it came to it; *found says whether there was
 * something.
 */
int recover_interrupted(const Options *options, bool *found);

#endif /* VGPUCTL_RECOVER_H */
