/* SPDX-License-Identifier: MIT */
/*
 * The known causes themselves: words, names and remedies. For buildlog.c only.
 */
#ifndef VGPUCTL_BUILDLOG_PRIVATE_H
#define VGPUCTL_BUILDLOG_PRIVATE_H

#include "buildlog.h"

/* The cause that a line's words alone decide, or BUILD_UNKNOWN. */
BuildCause build_cause_of_words(const char *line);

/* True for a cause that a full disk or too little memory may be behind. */
bool build_cause_is_weak(BuildCause cause);

/* detail may be NULL. g_free. */
char *build_cause_summary(BuildCause cause, const char *detail);
char *build_cause_remedy(BuildCause cause, const char *detail);

/* A word as a shell takes it, quoted only where it has to be. g_free. */
char *build_shell_word(const char *word);

#endif /* VGPUCTL_BUILDLOG_PRIVATE_H */
