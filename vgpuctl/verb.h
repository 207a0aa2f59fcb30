/* SPDX-License-Identifier: MIT */
/*
 * The verbs: one file each, listed in the table of main.c.
 *
 * A verb's function gets its command line (argv[0] is the verb), calls
 * options_parse() first, and returns an exit code of exit.h through
 * report_end().
 */
#ifndef VGPUCTL_VERB_H
#define VGPUCTL_VERB_H

int verb_prepare(int argc, char **argv);
int verb_integrate(int argc, char **argv);
int verb_build(int argc, char **argv);
int verb_install(int argc, char **argv);
int verb_wrapper(int argc, char **argv);
int verb_probe(int argc, char **argv);
int verb_attach(int argc, char **argv);
int verb_detach(int argc, char **argv);
int verb_list(int argc, char **argv);
int verb_verify(int argc, char **argv);
int verb_setup(int argc, char **argv);
int verb_rollback(int argc, char **argv);
int verb_doctor(int argc, char **argv);

#endif /* VGPUCTL_VERB_H */
